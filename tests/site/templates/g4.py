"""G4, the main site of 2017-2021.

FACTS d, G4 [page:world-2019, main-2020, politics-2020]: div.h-title, span.h-time, the second span
of .h-info with or without em#source, #p-detail holding text and also .video-url, .lb, .zan-wap,
.tadd, .share, .p-tags and span.p-jc; div.seo hides links to regional articles.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.site.story import printed
from tests.site.templates.common import attr, codes, esc, old_metas, paragraphs
from tests.site.templates.pager import old_pager

if TYPE_CHECKING:
    from tests.site.story import Story


def page(story: Story, number: int = 1) -> str:
    """The HTML of one page of the article."""
    source = esc(story.source)
    if story.variant % 2 == 0:
        source = f'<em id="source"> {source}</em>'
    words = "".join(f'<span class="p-tag"><a href="#">{esc(w)}</a></span>' for w in story.keywords)
    links = "".join(f'<a href="{attr(url)}">{esc(title)}</a>' for url, title in story.related)
    return f"""<!--{story.url}-->
<!DOCTYPE HTML>
<html>
<head>
<meta http-equiv="Content-Type" content="text/html; charset=utf-8" />{old_metas(story)}
<meta name="source" content="{attr(story.meta_source)}" />
<script src="http://www.xinhuanet.com/global/js/pageCore.js"></script>
<title>
{esc(story.title)}-新华网
</title>
</head>
<body class="" name="">
<div class="nav"><div class="nav-wap"><a href="#" class="logo left"></a>
<div class="nav-carousel"><div class="gotrain-container nav-ul"></div></div>
<ul class="nav-op roedeer-container"><li>客户端</li><li>搜索</li><li>频道</li></ul>
<a class="nav-next next-news" href="#"><div class="nav-n-n">下一篇</div></a></div></div>
<div class="header">
<div class="h-p1"><div class="news-position"> <a href="http://www.xinhuanet.com/">新华网</a> \
<a href=""></a> 正文 </div></div>
<div class="h-p3 clearfix">
<div class="h-news">
<div class="h-title">
{esc(story.title)}
</div>
<div class="h-info">
<span class="h-time"> {printed(story.published, story.precision)}</span>
<span>
来源：
{source}
</span>
</div></div></div></div>
<div class="main"><div class="part part1 clearfix">
<div class="p-left left" id="fllow1"><div class="s-ewm"><div>关注新华网</div></div>
<div class="s-item">微信 </div><div class="s-item">微博 </div><div class="s-item">Qzone </div>
<a class="s-bottom" href="#news-com-location"><div class="s-num"></div>评论</a></div>
<div class="p-right left">
<div id="p-detail">
<div class="video-url" style="display:none">

</div>
<div class="lb"><div class="standard_lb"><span class="tj">图集</span> <span class="origin"></span>
<div class="swiper-container2"><div class="swiper-wrapper"> </div></div></div></div>
{paragraphs(story.parts[number - 1])}
{old_pager(story, number)}
<div class="tadd">
<div class="zan-wap"><a href="javascript:void(0);" class="zan"> </a><div class="zan-i">+1</div>
<div class="zan-v"> <span></span> </div></div>
<div class="share"><div class="bdsharebuttonbox">\
<a href="#" class="bds_weixin" title="分享到微信"></a></div>
<script>window._bd_share_config = {{"share": {{}}}};</script></div>
</div>
<div class="p-tags" id="">
<div class="p-kwap">{words}</div>
<span class="p-jc">
<span class="tiyi1"><a href="javascript:void(0);" class="advise">【纠错】</a>
<div class="tiyi01" style="display:none"></div></span>
责任编辑：
{esc("、".join(story.editors))}
</span>
</div>
</div>
<div class="relate-news"><div class="news-com">新闻<span>评论</span></div></div>
</div></div>
<div class="part part2 clearfix"><div class="more-2">加载更多</div></div>
<ul class="right-wap hot-news"><div class="name">热帖</div>
<li><a href="http://forum.home.news.cn/detail/{141546000 + story.revision}/1.html">论坛热帖</a>\
</li></ul>
</div>
<div class="seo" style="display:none">
{links}
</div>
<div class="share-title" style="display:none">
{esc(story.title)}
</div>
\ufeff<script type="text/javascript">var pageTitle = '';</script>
{codes(story)}   </body>
</html>
"""


def boilerplate(story: Story) -> list[str]:
    """Lines that a reader sees and a record must not hold in its body."""
    return ["【纠错】", f"责任编辑：\n{'、'.join(story.editors)}", "图集", "+1", "加载更多"]
