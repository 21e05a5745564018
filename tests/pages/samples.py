"""Synthetic pages in every layout, with text of our own, and what a reader finds on them.

The markup follows what is known of each generation of the site; each variant is one way in which
pages of that generation differ.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from crawler.items import BlockKind, Draft, Page

TITLE = "云溪镇旧粮仓变身“百姓书房”"
BODY = (
    "云溪镇的“百姓书房”5日开放，首日接待读者三百余人。",
    "书房由一座旧粮仓改建，藏书两万册，设有儿童区和自习区。管理员说，开放时间将延长到晚上9点。",
    "“以后放学就能来看书了。”小学生林小禾说。(记者 周一帆)",
)
SOURCE = "云溪日报"
EDITOR = "喆镕"


@dataclass(frozen=True)
class Sample:
    """One page: `layout` claims it; `time`, `source`, `editor` stand in its first evidence."""

    name: str
    layout: str
    url: str
    html: str
    body: tuple[str, ...] = BODY
    title: str | None = TITLE
    time: str | None = "2017-09-05 08:30:15"
    source: str | None = SOURCE
    editor: str | None = EDITOR
    encoding: str = "utf-8"
    kinds: dict[BlockKind, int] = field(default_factory=dict)

    def page(self) -> Page:
        return as_page(self.html.encode(self.encoding), self.url)


def as_page(
    body: bytes, url: str = "http://www.js.xinhuanet.com/2017-09/05/c_1121600001.htm"
) -> Page:
    headers = (("Content-Type", "text/html"),)
    return Page(url, 200, headers, body, "2026-11-24T00:00:00Z", None)


def texts(draft: Draft) -> list[str]:
    """The text paragraphs of a Draft without their indents."""
    return [b.text.strip("\u3000\u00a0\u2003 ") for b in draft.blocks if b.kind is BlockKind.TEXT]


def indented(mark: str, tag: str = "p") -> str:
    return "\n".join(f"<{tag}>{mark}{p}</{tag}>" for p in BODY)


# --- Hebei 2012 ----------------------------------------------------------------------------------

NBSP = "&nbsp;" * 4


def hebei_2012(body: str, editor: str = "编辑： \n 喆镕", height: int = 700) -> str:
    return f"""<html><head><meta http-equiv="Content-Type" content="text/html; charset=gb2312"/>
<title>{TITLE}</title></head><body><table><tr><td><a href="/index.htm">河北频道</a></td></tr>
</table>
<table width="634"><tr><td height="40" align="center"><b><font style="font-size:20px">
 {TITLE} </font></b></td></tr>
<tr><td height="22"><font color="#333333">新华网河北频道 ( \n 2012-06-04 09:20:26 \n ) </font>
&nbsp;&nbsp;&nbsp;<font>稿件来源： \n 云溪日报 </font></td></tr>
<tr><td valign="top" height="{height}" align="left">{body}</td></tr>
<tr><td height="20"><table><tr><td class="topxian"><font>&nbsp;作者： \n 记者周一帆</font></td>
<td class="topxian"><font>{editor} </font></td></tr></table></td></tr>
<tr><td>【<a href="javascript:window.close()">关闭窗口</a>】 【<a href="#">打印本稿</a>】</td>
</tr></table>
<table><tr><td><ul><li><a href="content_25000002.htm">图片：云溪镇举办龙舟赛</a></li></ul></td>
</tr></table>
</body></html>"""


UNCLOSED = "<p>" + "\n<p>".join(NBSP + p.replace("首日", "首日<!--ADV_CONTENT-->") for p in BODY)


# --- provinces 2010 ------------------------------------------------------------------------------


def province_2010(title: str, body: str, info: str | None = None) -> str:
    info = info or "2017-09-05 08:30:15　　来源：云溪日报　　编辑：喆镕"
    return f"""<html><head><title>{TITLE}_新华网江苏频道</title></head><body>
<div class="nav"><a href="/">首页</a> &gt; <a href="/news/">新闻</a> &gt; 正文</div>
{title}<div>{info}</div>{body}<div>相关新闻</div></body></html>"""


# --- the regional template of 2014 ---------------------------------------------------------------

INFO_2014 = '<span class="time">2017年09月05日 08:30:15</span> 来源: <em id="source">云溪日报</em>'


def regional_2014(inner: str, info: str = INFO_2014, editor: str | None = None) -> str:
    editor = '<span class="editor">[责任编辑： 喆镕 ]</span>' if editor is None else editor
    return f"""<!DOCTYPE html><html><head><title>{TITLE} -新华网</title>
<meta name="publishid" content="1121600001.1.99.0"/>
<meta name="pageid" content="1099.11100.0.0.115899.0.0.0.0.0.11099.1121600001"/></head><body>
<div id="article"><h1 id="title">{TITLE}</h1><div class="info">{info}</div>
<div class="article">{inner}</div>{editor}</div>
<div style="display:none"><div id="fwl">010070080010000000000000011111101121600001</div></div>
</body></html>"""


# --- main site 2017 ------------------------------------------------------------------------------

TOOLS_2017 = """<div class="tadd"><div class="zan-wap"><div class="zan-i">+1</div></div>
<div class="share">分享到：<a href="#" title="分享到微信"></a></div></div>"""


def main_2017(inner: str, info: str | None = None, title: str | None = None) -> str:
    info = info or (
        '<span class="h-time"> 2017-09-05 08:30:15</span>\n<span>\n来源：\n'
        '<em id="source"> 云溪日报</em>\n</span>'
    )
    title = title or f'<div class="h-title">\n{TITLE}\n</div>'
    return f"""<!DOCTYPE HTML><html><head><meta charset="utf-8"><title>\n{TITLE}-新华网\n</title>
<meta name="keywords" content="书房,云溪镇\n" />
<meta name="description" content="{TITLE}\n---书房5日开放。" />
</head><body><div class="news-position"><a href="/">新华网</a> <a href=""></a> 正文</div>
<div class="h-news">{title}<div class="h-info">{info}</div></div>
<div id="p-detail"><div class="video-url" style="display:none"></div>
<div class="lb"><span class="tj">图集</span><div class="swiper-container2"></div></div>
{inner}{TOOLS_2017}<div class="p-tags"><div class="p-kwap"></div><span class="p-jc">
<span class="tiyi1">
<a href="#" class="advise">【纠错】</a><div class="tiyi01" style="display:none"><iframe></iframe>
</div></span>
责任编辑：\n喆镕\n</span></div></div>
<div class="seo" style="display:none">
<a href="http://www.gz.xinhuanet.com/2017-09/04/c_1121600009.htm">雨</a></div>
</body></html>"""


# --- news.cn 2021 and the new CMS ----------------------------------------------------------------


def news_header(day: str = "<em> 09</em>/<em> 05</em>") -> str:
    return f"""<div class="header domPC"><div class="header-top"><div class="header-nav left">
<a href="/">新华网</a> &gt; <a class="curColumn" href="/local/">地方</a> &gt; 正文</div></div>
<div class="header-cont"><div class="header-time left"><span class="year"><em> 2017</em></span>
<span class="day">{day}</span> <span class="time">08:30:15</span></div>
<div class="source">来源：云溪日报 </div><div class="head-line"><h1>
<span class="title">{TITLE}</span>
<span class="btn-audio"></span></h1><div class="pageShare">
<div class="setFont">字体：<span>小</span></div>
<div class="share">分享到：</div></div></div></div></div>
<div class="mheader domMobile"><h1><span class="title">{TITLE}</span></h1>
<div class="info">\n 2017-09-05 08:30:15\n <span>来源：云溪日报</span></div></div>"""


EDIT_2021 = """<div id="articleEdit"><span class="tiyi1 domPC"><a class="advise">【纠错】</a>
<div id="advisebox01" style="display:none">建议</div></span>
<span class="editor"> 【责任编辑:喆镕\n】 </span></div>"""

CONTENT_ID = "20170905" + "0123456789abcdef" * 2


METAS_2021 = """<meta name="publishid" content="1121600001.12.1002.0">
<meta name="pageid" content="1198.11100.0.0.113322.0.0.0.0.0.114344.1121600001">"""
METAS_2022 = f"""<meta name="source" content="新华网"><meta name="publishdate" content="2017-09-05">
<meta name="contentid" content="{CONTENT_ID}"><meta name="author" content="2909">"""


def news(
    inner: str, header: str | None = None, edit: str = EDIT_2021, metas: str = METAS_2021
) -> str:
    return f"""<html><head>{metas}</head><body><div><meta name="keywords" content="书房"></div>
<title>{TITLE}-新华网</title>{news_header() if header is None else header}
<div class="main"><div id="detail">{inner}{edit}</div>
<div class="columBox relatedNews"><ul><li><a href="#">相关稿件</a></li></ul></div></div></body>
</html>"""


def cms_2022(inner: str, header: str | None = None) -> str:
    return news(f'<span id="detailContent">{inner}</span>', header, metas=METAS_2022)


REGIONAL_HEADER = f"""<div class="h-time" style="display:none"></div><div id="headerTitle">
<div id="articleTit"><div class="crumbs"><a href="http://he.news.cn/" class="logo">
</a> &gt; 正文</div>
<h1 id="title"><span>{TITLE}</span><span class="btn-audio"></span></h1><div class="info">
<div class="source"><span class="time">2017-09-05 08:30:15</span><i class="domPC">来源：</i>
<span class="sourceText">云溪日报</span></div><ul class="comment"><li>打印</li><li>字大</li>
</ul></div>
</div></div>"""

EDIT_REGIONAL = """<div id="articleEdit"><div class="title"><span><a href="#">书房</a></span>
<span><a href="#">阅读</a></span></div>
<span class="editor">[作者: 周一帆 　责任编辑:\n 喆镕 ]</span></div>"""


def cms_regional_2022(inner: str, header: str = REGIONAL_HEADER) -> str:
    return news(f'<span id="detailContent">{inner}</span>', header, EDIT_REGIONAL, METAS_2022)


def mobile_2016(inner: str) -> str:
    return f"""<html><head>{METAS_2021}<title>{TITLE}-新华网</title></head><body>
<div class="mheader"><h1><span class="title">{TITLE}</span></h1><div class="info">
 2017-09-05 08:30:15\n <span>来源：云溪日报\n</span></div></div><div id="p-detail">{inner}
<span class="p-jc">责任编辑：\n喆镕\n</span></div>
<div>打开客户端，阅读体验更佳</div></body></html>"""


P = indented("　　")
HE = "http://www.he.xinhuanet.com/news/2012-06/04/content_25000001.htm"
JS = "http://www.js.xinhuanet.com/2017-09/05/c_1121600001.htm"
MAIN = "http://www.xinhuanet.com/local/2017-09/05/c_1121600001.htm"
NEWS = f"http://www.news.cn/local/{CONTENT_ID[:8]}/{CONTENT_ID[8:]}/c.html"
HE_NEWS = f"http://www.he.news.cn/{CONTENT_ID[:8]}/{CONTENT_ID[8:]}/c.html"

NAVY = '<font color="navy" face="楷体">'
PHOTO = '<p align="center"><img src="1121600001_15045714891n.jpg" alt="书房"></p>'
CAPTION = "图为读者在“百姓书房”看书。新华社记者 周一帆 摄"

IN_2014: dict[str, str] = {
    "paragraphs": P,
    "breaks_fullwidth": "<br><br>\n".join(f"　　{p}" for p in BODY),
    "one_break_indent": "<br>\n".join(f"　　{p}" for p in BODY),
    "breaks_nbsp": "<br/>".join(NBSP + p for p in BODY),
    "breaks_nbsp_and_spaces": "<br>".join("&nbsp; &nbsp; &nbsp; &nbsp; " + p for p in BODY),
    "glued_nbsp_and_spaces": "<p>" + "".join("&nbsp; &nbsp; &nbsp; &nbsp; " + p for p in BODY),
    "unclosed": "".join(f"<P>　　{p}\n" for p in BODY),
    "nested": "".join(f"<p><font size=2><p><span>　　{p}</span></p></font></p>" for p in BODY),
    "glued": "<p>" + "".join(f"　　{p}" for p in BODY) + "</p>",
    "glued_source_lines": "<p>\n" + "\n".join(f"　　{p}" for p in BODY) + "\n</p>",
    "divs": indented("", "div"),
    "text_only": "\n\n" + "\n\n".join(f"    {p}" for p in BODY) + "\n",
    "text_only_editor": "\n" + "\n\n".join(f"    {p}" for p in BODY) + "\n\n(责任编辑: 喆镕 )\n",
    "text_only_indent": "\n".join(f"　　{p}" for p in BODY),
    "pre": "<pre>" + "\n".join(f"　　{p}" for p in BODY) + "</pre>",
    "empty_paragraphs": "<p>&nbsp;</p>" + P.replace("</p>", "</p><p>　</p>"),
    "hidden": P + '<div style="DISPLAY: none">看不见的推广</div><script>var a="脚本";</script>',
}

SAMPLES: list[Sample] = [
    Sample(
        "hebei_unclosed_p",
        "HebeiTable2012",
        HE,
        hebei_2012(UNCLOSED),
        time="2012-06-04 09:20:26",
        encoding="gb18030",
    ),
    Sample(
        "hebei_breaks",
        "HebeiTable2012",
        HE,
        hebei_2012("<br>".join(NBSP + p for p in BODY)),
        time="2012-06-04 09:20:26",
        encoding="gb18030",
    ),
    Sample(
        "hebei_duty_editor",
        "HebeiTable2012",
        HE,
        hebei_2012(P, editor="责任编辑：喆镕"),
        time="2012-06-04 09:20:26",
        encoding="gb18030",
    ),
    *(
        Sample(
            f"regional_2014_{name}",
            "Regional2014",
            JS,
            regional_2014(inner),
            time="2017年09月05日 08:30:15",
        )
        for name, inner in IN_2014.items()
    ),
    Sample(
        "regional_2014_editor_in_text",
        "Regional2014",
        JS,
        regional_2014(P + "<p>(责任编辑: 喆镕 )</p>", editor=""),
        time="2017年09月05日 08:30:15",
    ),
    Sample(
        "regional_2014_one_info_line",
        "Regional2014",
        JS,
        regional_2014(
            P, info="2017年09月05日 08:30:15 来源: 云溪日报<br>【字号 大 中 小】 【打印】"
        ),
        time="2017年09月05日 08:30:15",
    ),
    Sample(
        "regional_2014_source_text",
        "Regional2014",
        JS,
        regional_2014(
            P,
            info='<span class="time">2017-09-05 08:30:15</span>来源：'
            '<span class="sourceText">云溪日报</span>',
        ),
    ),
    Sample(
        "regional_2014_bare_container",
        "Regional2014",
        JS,
        f'<body><div id="article"><h1 id="title">{TITLE}</h1><div class="info">'
        f'<span class="time">2017-09-05 08:30</span> 来源：<em id="source">云溪日报</em></div>{P}'
        "<p>责任编辑：喆镕</p></div></body>",
        time="2017-09-05 08:30",
    ),
    Sample(
        "regional_2014_cell",
        "Regional2014",
        JS,
        f"<title>{TITLE}</title>"
        f'<table><tr><td id="title">{TITLE}</td></tr>'
        '<tr><td class="info">2017-09-05 08:30:15 来源：'
        f'云溪日报</td></tr><tr><td class="article">'
        + "<br><br>".join("　　" + p for p in BODY)
        + '</td></tr><tr><td class="editor">责任编辑：喆镕</td></tr></table>',
    ),
    Sample(
        "tianjin_2018",
        "Regional2014",
        JS,
        f"<title>{TITLE}</title>"
        f'<div class="biaoti">{TITLE}</div><div class="laiyuan">2017-09-05 08:30:15 来源：云溪日报 '
        f'责任编辑：喆镕</div><div class="zhengwen"><span>{P}</span></div>',
    ),
    Sample("main_2017", "Main2017", MAIN, main_2017(P)),
    Sample(
        "main_2017_bare_source",
        "Main2017",
        MAIN,
        main_2017(
            P, info='<span class="h-time">2017-09-05 08:30:15</span> <span>来源：\n云溪日报</span>'
        ),
    ),
    Sample(
        "main_2017_aticle",
        "Main2017",
        MAIN,
        main_2017(
            f'<div class="main-aticle">{P}</div>',
            info='<span class="sub-time"><span class="h-time">2017-09-05 08:30:15</span></span>'
            '<span class="sub-src">来源： <span class="aticle-src">云溪日报</span></span>',
        ),
    ),
    Sample(
        "main_2017_photos",
        "Main2017",
        MAIN,
        main_2017(PHOTO + f"<p>　　{NAVY}{CAPTION}</font></p>" + P),
        body=(CAPTION, *BODY),
        kinds={BlockKind.IMAGE: 1},
    ),
    Sample(
        "main_2017_video_only",
        "Main2017",
        MAIN,
        main_2017(
            '<p align="center"><iframe class="pageVideo" src="https://player.v.news.cn/api/v1/getPlayPage'
            '?uuid=1&amp;vid=2" video_src="https://vodpub1.v.news.cn/original/20170905/ab.mp4"></iframe></p>'
        ),
        body=(),
        kinds={BlockKind.VIDEO: 1},
    ),
    Sample(
        "mobile_2018",
        "Main2017",
        "http://m.xinhuanet.com/he/2017-09/05/c_1121600001.htm",
        main_2017(P, title=f'<h1 class="h-title">{TITLE}</h1>'),
    ),
    *(
        Sample(name, "Mobile2016", "http://m.xinhuanet.com/he/2017-09/05/c_1121600001.htm", html)
        for name, html in {
            "mobile_2016": mobile_2016(P),
            "mobile_2016_bare_title": mobile_2016(P).replace('<span class="title">', "<span>"),
            "mobile_2016_breaks": mobile_2016("<br><br>".join(f"　　{p}" for p in BODY)),
        }.items()
    ),
    Sample("news_2021", "News2021", MAIN, news(P)),
    Sample(
        "news_2021_phone_header_only",
        "News2021",
        MAIN,
        news(
            P,
            header=f'<div class="mheader"><h1><span class="title">{TITLE}</span></h1>'
            f'<div class="info">'
            "2017-09-05 08:30:15 <span>来源：云溪日报</span></div></div>",
        ),
    ),
    Sample(
        "news_2021_main_in_detail", "News2021", MAIN, news(f'<div class="main-aticle">{P}</div>')
    ),
    Sample("cms_2022", "Cms2022", NEWS, cms_2022(P)),
    Sample("cms_2022_rendered_day", "Cms2022", NEWS, cms_2022(P, header=news_header("09/05"))),
    Sample("cms_2022_early_close", "Cms2022", NEWS, cms_2022(P.replace("</p>", "</p></span>", 1))),
    Sample(
        "cms_2022_page_breaks",
        "Cms2022",
        NEWS,
        cms_2022(
            P.replace(
                "</p>\n",
                '</p><p><img src="/images/p.gif" id="xinhuabreak"></p>'
                '<p><b style="display: none;">pagebreak</b></p>',
            )
        ),
    ),
    Sample(
        "cms_2022_player",
        "Cms2022",
        NEWS,
        cms_2022(
            '<p></p><div id="DH-PLAYERID0"><div class="player-container"><style>.a{}</style><video '
            'src="https://vodpub6.v.news.cn/a/b.mp4"></video><span>Play Video</span><div>0:00</div>'
            "<div>/2:54</div></div></div>" + P
        ),
        kinds={BlockKind.VIDEO: 1},
    ),
    Sample(
        "cms_2022_photo",
        "Cms2022",
        NEWS,
        cms_2022(
            f'<p><img src="{CONTENT_ID}_20170905ab.jpg"></p><p>'
            f'<span style="color: #000080; font-family: 楷体;">'
            f"　　{CAPTION}</span></p>{P}"
        ),
        body=(CAPTION, *BODY),
        kinds={BlockKind.IMAGE: 1},
    ),
    Sample("cms_regional_2022", "CmsRegional2022", HE_NEWS, cms_regional_2022(P)),
    Sample(
        "cms_regional_2022_pager",
        "CmsRegional2022",
        HE_NEWS,
        cms_regional_2022(
            f'<p class="bigPic"><div class="dask"><img src="{CONTENT_ID}_ab.jpg">'
            f'<a class="picleft"></a></div></p>'
            f'{P}<center class="xinhuaPager"><a>|&lt;&lt;</a><span id="xinhuaPagerBox">'
            f"<span>1</span>"
            '<a href="c.html?page=2">2</a></span><a>下一页</a></center>'
        ),
        kinds={BlockKind.IMAGE: 1},
    ),
    Sample(
        "cms_regional_2022_other_province",
        "CmsRegional2022",
        HE_NEWS,
        cms_regional_2022(
            P,
            header=f'<h1>{TITLE}</h1><div class="info"><span class="time">2017-09-05 08:30</span> '
            '来源：<span id="source">云溪日报</span></div>',
        ),
        time="2017-09-05 08:30",
    ),
]


PROVINCES: dict[str, tuple[str, str]] = {
    "he": ('<div id="newstit"><h1>{t}</h1></div>', '<div id="zhenwen">{b}</div>'),
    "bj": ('<h1 id="title">{t}</h1>', '<div id="contentblock">{b}</div>'),
    "zj": (
        '<div id="news_content_container"><h2>{t}</h2></div>',
        '<div id="news_content">{b}</div>',
    ),
    "xj": ("<h2>{t}</h2>", '<div id="ArticleContent">{b}</div>'),
    "gd": ('<div id="ArticleTit">{t}</div>', '<div id="ArticleCnt">{b}</div>'),
    "tibet": ('<div id="ArticleTit">{t}</div>', '<div class="content">{b}</div>'),
    "sc": ('<div id="s6">{t}</div>', '<div id="xhw">{b}</div>'),
    "qh": ('<table><tr><td class="xilantop">{t}</td></tr></table>', '<div id="Content">{b}</div>'),
    "js": ('<div id="Title">{t}</div>', '<div id="Content">{b}</div>'),
    "main": ('<h1 id="title">{t}</h1>', '<div id="content">{b}</div>'),
    "tj": ('<span id="title">{t}</span>', '<div id="Content">{b}</div>'),
    "sh": ('<div id="Title">{t}</div>', '<table><tr><td class="p1">{b}</td></tr></table>'),
    "ha": ('<span id="title">{t}</span>', '<div class="Content">{b}</div>'),
    "jx": (
        '<span class="xilanwz">{t}</span>',
        '<table><tr><td class="text2">{b}</td></tr></table>',
    ),
    "sn": (
        '<table><tr><td class="text_t">{t}</td></tr></table>',
        '<table><tr><td class="text">{b}</td></tr></table>',
    ),
    "hb": ('<div class="wz_bt">{t}</div>', '<div class="wz_nr">{b}</div>'),
    "gz": ('<table><tr><td class="bt">{t}</td></tr></table>', '<div class="zw">{b}</div>'),
    "ln": (
        "<strong>辽宁频道</strong><strong>{t}</strong>",
        '<table><tr><td class="hei"><span>{b}</span></td></tr></table>',
    ),
    "sanya": (
        '<table><tr><td class="show_title"><h1>{t}</h1></td></tr></table>',
        '<table><tr><td class="content1">{b}</td></tr></table>',
    ),
    "hq": ("<h1>{t}</h1>", '<table><tr><td class="content">{b}</td></tr></table>'),
    "sd": ('<div class="title"><h1>{t}</h1></div>', '<div class="content">{b}</div>'),
    "fj": ("<h1>{t}</h1>", '<div id="Content">{b}</div>'),
    "cq": ('<div class="title">{t}</div>', '<div class="article">{b}</div>'),
}
SAMPLES += [
    Sample(
        f"province_{host}",
        "Provinces2010",
        f"http://www.{host}.xinhuanet.com/2017-09/05/c_1121600001.htm",
        province_2010(title.format(t=TITLE), body.format(b=P)),
    )
    for host, (title, body) in PROVINCES.items()
]
