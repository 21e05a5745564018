"""The column addresses that FACTS c1 has seen (leader news of 2016-17, Hunan and Hainan of 2015,
Hebei of 2024) and the list API nodes and data files of FACTS c2 and c3, by channel."""

from __future__ import annotations

# FACTS c1: static column pages.
SEEN: dict[str, str] = {
    "hn": (
        "news/bwzg.htm news/hnyw.htm news/msxw.htm news/spxw.htm news/shxw.htm "
        "ent/ylzx.htm ent/ys.htm ent/zy.htm politics/zwxw.htm politics/rsrm.htm "
        "politics/gdft.htm pictures/jdtp.htm publics/hnwq.htm tourism/ly.htm "
        "tech/kj.htm economics/index.htm news/fcxw.htm economics/xqipo.htm "
        "economics/jr.htm consumption/sg.htm consumption/qc.htm culture/wx.htm "
        "culture/zh.htm pingan/index.htm guotu/index.htm huanbao/index.htm "
        "chuangye/index.htm culture/yd.htm"
    ),
    "hq": (
        "news/jryw.htm news/sh.htm news/fz.htm finance/index.htm finance/shuju.htm "
        "news/jy.htm news/wh.htm news/yw.htm hngov/index.htm news/sz.htm news/rs.htm "
        "finance/xfwj.htm qiongzhou/index.htm haikou/index.htm sansha/ "
        "qiongzhou/danzhou/index.htm lingshui/ news/yl.htm news/ys.htm photo/index.htm "
        "photo/other.htm travel/index.htm video/index.htm news/wp.htm ledong/ baoting/ "
        "wanning/ qiongzhou/wq_cm.htm qiongzhou/wq_da.htm qiongzhou/wq_nk.htm"
    ),
    "bj": "bjzw/swsj/zyjh.htm bjzw/swsj/zxhd.htm bjzw/rdzr/zyjh.htm bjzw/zxzx/zxhd.htm",
    "sh": "leaders/hz/zyjh.htm leaders/yy/zxhd.htm",
    "cq": "cq/szc_more.htm cq/zx_more.htm cq/zgq_more1.htm",
    "sx": "sxzw/leaders/luohn/zyjh.htm sxzw/leaders/louys/zxhd.htm",
    "nmg": "ldhd/dwwjlibrary/zyjh.htm ldhd/zfzxlibrary/zxbd.htm",
    "jl": "jlld/11zxhd.htm jlld/33zyjh.htm",
    "hlj": "ldhd/zyjh1.htm ldhd/zxhd3.htm",
    "js": (
        "zhengwu/zhengwu/zyjh_lq.htm zhengwu/zhengwu/zxhd_lq.htm "
        "zhengwu/zwpd/zhengwu/stfjh.htm zhengwu/zwpd/zhengwu/szxzxhd.htm"
    ),
    "ah": "ahzw2006/swsjjh.htm ahzw2006/szhd.htm",
    "fj": "sldhd/sjzyjh.htm sldhd/zxzxhd.htm",
    "jx": "lingdao/sz01.htm 2016sz01/ lingdao/szxzx02.htm",
    "sd": "ldhd/sw/zyjh.htm ldhd/zx/zxhd.htm",
    "hb": "ldbd/swsj/zyjh.html ldbd/sz/zxhd.html",
    "gd": "sungov/leader/hchjh.htm sungov/leader/szhd.htm",
    "gx": "gxzw/ld/dwjh.htm gxzw/ld/zxhd.htm",
    "sc": "scld/sc_wdm_jh.htm scld/sc_yl_hd.htm",
    "gz": "xwzx/gzld/zyjh4.htm xwzx/gzld/zxhd5.htm",
    "sn": "201205mon/lingdaoma.htm",
    "gs": "lingdao/shengzhang/zyjh.htm lingdao/shuji/zyhd.htm",
    "nx": "leader/dwsj-jh.htm leader/zx-hd.htm",
    "xj": "ldbdj/dwsj/zyjh.htm ldbdj/zxzx/zxhd.htm",
}

# FACTS c3: Hebei's data files by column.
HEBEI_DATA = {
    "xinwen": "5df4ffd960d3443a8f3192c83d897820",
    "politics": "dcb6140d252940a6829e95fbdeb455e8",
    "finance": "b0a4cb84f91a49e289e9ecdb1dcd0c6f",
    "xinxi": "787f2981f6ba48b7abc8a14c510f96e4",
    "society": "5605127f746345ce99d85cf744f52679",
    "wenlv": "062a003f3afc4162a6e60c6e953782bb",
    "hbGongyi": "d7e0fe5398604fd7afabbea765e9c23f",
}

# FACTS c1: Hebei's other columns.
HEBEI_STATIC = (
    "sToutiao", "renshi", "lianzheng", "original", "talking", "health", "jiaodian", "wangshi",
    "view", "topic", "jizhe",
)  # fmt: skip

# FACTS c3: the data file of the main site's 地方 column.
LOCAL_DATA = "5c5939c2f07b4d9c96de44dad32eadc8"

# FACTS c2: the only regional nodes with evidence, by column page.
TIBET_NODES = {
    "xhjj": 111837, "zqrs": 111801, "sspl": 111802, "yzxz": 111808, "bzyc": 111798,
    "zyy": 111832, "zcgs": 111810, "xzly": 111830, "whdt": 111846, "jiaoyu": 111834,
    "hjbh": 111811,
}  # fmt: skip
