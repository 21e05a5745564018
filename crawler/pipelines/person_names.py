"""What is a person's name: the names in a few printed words, or None when in doubt.

Names are joined by 、 and other separators or by blanks; a two-character name may be padded inside
(张 三). Chinese names have 2-4 characters (any Han character, those outside GB2312 too), names of
minorities and foreigners have a middle dot or are spelt in the characters that spell sounds
(旦增尼玛曲珠), Latin names have at least two capitalised words. One doubtful piece makes the whole
list doubtful: a wrong name is worse than none.
"""

from __future__ import annotations

import re
from typing import Final

from crawler import labels

# Han characters for a regular expression's class, with GBK's private ones (old rare names).
HAN: Final = "\u3007\u3400-\u4dbf\u4e00-\u9fff\ue000-\uf8ff\uf900-\ufaff\U00020000-\U000323af"

# Characters of a list of names; a longer one is text.
LONGEST: Final = 200

_DOT = "·•・‧∙．"
_SOUNDS = (
    "阿艾安奥巴白保贝边别勃博布才策措查朝次达丹旦道德迪地丁顿多朵额恩尔尕噶嘎改盖冈刚高格各根"
    "贡古广桂果哈海汗合和赫胡花霍吉加嘉坚江杰金晋久觉卡开凯康柯克肯孔库拉来兰朗勒雷李里力丽莲琳"
    "龙鲁伦罗洛玛买麦曼毛梅美蒙米明莫木姆穆那娜纳乃南尼聂努诺欧帕潘培佩彭皮平珀普其奇旗琪强乔切"
    "青琼曲群热仁日荣茹如瑞萨赛桑沙珊松苏索塔泰坦唐特提铁图土吐托娃旺维温沃乌吾西希夏雅亚央杨叶"
    "伊依益意因音尹英永尤于玉元云扎再泽增占哲珍芝朱珠卓孜孙万佐祖"
)

# A longer name without a dot: Tibetan, Mongolian, Uyghur or Kazakh.
_SPELT = re.compile(f"[{_SOUNDS}]{{5,8}}")

_NAME = re.compile(
    rf"[{HAN}]{{2,4}}|[{_SOUNDS}]{{5,8}}|[{HAN}]{{1,8}}(?:[{_DOT}][{HAN}]{{1,8}}){{1,3}}"
    r"|[A-Z][A-Za-z.'’-]{0,20}(?: [A-Z][A-Za-z.'’-]{0,20}){1,3}"
)
_SEPARATOR = re.compile(r"[、，,;；/／|｜&\n]")
_AND = re.compile(rf"([{HAN}]{{2,3}})[和与及]([{HAN}]{{2,3}})")
_PADDED_DOT = re.compile(rf" ?([{_DOT}]) ?")
_HAN_WORD = re.compile(rf"[{HAN}]+")
_NOT_A_NAME = re.compile(
    f"{labels.REPORTER}|作者|编辑|评论员|编委|校对|责编|监制|策划|统筹|审核|实习生|手记|札记|观察|观点|调查|整理|综合|报道|采写|采访|访谈|"
    "摄影|摄像|供图|制图|图片|图文|资料|文字|视频|专电|连线|述评|评论|来信|来论|提问|招待|发布|"
    "获悉|了解|看到|注意到|走进|来到|日前|近日|今日|昨日|今天|昨天|^新华|新华[社网]|本报|本网|本刊|本社|日报|晚报|"
    "晨报|商报|时报|都市报|周刊|新闻|电视|广播|中心|公司|大学|学院|频道|频率|客户端|工作室|协会|集团|"
    "您|你|吗|呢|们|怎|谁|哪|什么|手册|政府|小组|佚名|网络|网友|匿名|管理|综合|未知|不详|责任|简介|单位|声明|信息|说明|名单|风采|队伍|文章|主任|主编|总编|教授|主席|书记|专家|研究"
    "|全文|原文|原题|转载|来源|[网社报刊台局厅摄]$|^[本该据从]"
)
_COMPOUND = (
    "欧阳司马上官诸葛东方皇甫尉迟公孙令狐慕容司徒长孙宇文夏侯轩辕端木百里东郭南宫呼延澹台淳于闻人赫连"
    "公羊太史申屠钟离拓跋完颜纳兰西门独孤万俟"
)
_COMPOUND_SURNAMES = frozenset(_COMPOUND[at : at + 2] for at in range(0, len(_COMPOUND), 2))
_SURNAMES = frozenset(
    "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏水窦章云苏潘葛奚"
    "范彭郎鲁韦昌马苗凤花方俞任袁柳鲍史唐费廉岑薛雷贺倪汤滕殷罗毕郝邬安常乐于时傅皮卞齐康伍余元"
    "卜顾孟平黄和穆萧尹姚邵湛汪祁毛禹狄米贝明臧计伏成戴谈宋茅庞熊纪舒屈项祝董梁杜阮蓝闵席季麻强贾"
    "路娄危江童颜郭梅盛林刁钟徐邱丘骆高夏蔡田樊胡凌霍虞万支柯管卢莫经房裘缪干解应宗丁宣邓郁单杭洪"
    "包诸左石崔吉龚程邢裴陆荣翁荀甄曲封芮储靳焦巴牧车侯全班秋仲伊宫宁仇栾甘厉武符刘景詹龙叶幸司黎"
    "白蒲赖卓蔺屠蒙池乔阳闻党翟谭劳姬申冉桑桂牛寿通边扈燕冀尚农温庄晏柴瞿阎连习艾容向古易廖终居衡"
    "步耿满匡国文寇广东欧利师巩聂晁敖冷辛阚简饶空曾沙丰关查游盖益桓岳帅海晋楚闫涂肖佟商佘付代鞠曲"
    "才扎占仝母操揭仵隋付覃苑逄卻原苟迟郗訾滑苌亓宿仉禚丛赫但钭"
    "麦兰邸栗昝冼粟尧阙逯荆巫鹿蹇芦谌禤蔚亢勾矫钮竺乜辜"
)


def names(text: str) -> list[str] | None:
    """The names in a list of names, in order; [] for an empty text, None when any is in doubt."""
    if len(text) > LONGEST:
        return None
    found: list[str] = []
    for part in _SEPARATOR.split(_PADDED_DOT.sub(r"\1", text)):
        for name in _in_part(part.split()):
            if not _NAME.fullmatch(name) or _NOT_A_NAME.search(name) or _glued(name):
                return None
            found.append(name)
    return list(dict.fromkeys(found))


def is_plain(name: str) -> bool:
    """Whether a name shows by itself that it is one: a usual surname, a middle dot, Latin words,
    five characters or more that spell sounds."""
    return (
        name[:1] in _SURNAMES
        or name[:2] in _COMPOUND_SURNAMES
        or name.isascii()
        or any(dot in name for dot in _DOT)
        or _SPELT.fullmatch(name) is not None
    )


def _in_part(words: list[str]) -> list[str]:
    """The names between two separators, where blanks either part names or pad them."""
    if not all(_HAN_WORD.fullmatch(word) for word in words):
        whole = " ".join(words)
        return [whole] if not re.search(rf"[{HAN}]", whole) or len(words) == 1 else words
    if len(words) in (1, 3) and all(len(word) == 1 for word in words):
        return ["".join(words)]
    found: list[str] = []
    pending = ""
    for word in words:
        if len(word) == 1:
            pending += word
            if len(pending) == 2:
                found.append(pending)
                pending = ""
        elif len(word) > 4 and (pair := _AND.fullmatch(word)):
            found.append(pending + pair[1])
            found.append(pair[2])
            pending = ""
        else:
            found.append(pending + word)
            pending = ""
    return [*found, pending] if pending else found


def _glued(name: str) -> bool:
    """Whether four characters may be two names without a mark between (张三李四)."""
    return (
        len(name) == 4
        and name[0] in _SURNAMES
        and name[2] in _SURNAMES
        and name[:2] not in _COMPOUND_SURNAMES
    )
