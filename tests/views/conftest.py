"""The ledgers of the ledger's own tests."""

from tests.ledger.conftest import ledger as ledger
from tests.ledger.conftest import run as run
from tests.ledger.conftest import server_ledger as server_ledger
