use super::{links, scan};

#[test]
fn every_kind_of_link_is_found_in_order() {
    let page = r##"
        <link rel="canonical" href="c"><link rel=stylesheet href=s.css>
        <script src="s.js"></script>
        <meta http-equiv="Refresh" content="5; url=next.html">
        <a href="a">x</a><map><area href=b></map>
        <img src=i.png srcset="i1.png 1x, i2.png 2x">
        <picture><source srcset="p1.png 1x,p2.png 2x"><img src=p.png></picture>
        <video src=v.mp4 poster=v.png><source src=v.webm><track src=v.vtt></video>
        <audio src=a.mp3></audio>
        <iframe src=f.html></iframe><embed src=e.swf><object data=o.pdf></object>
        <form action=/send><input type=IMAGE src=in.png formaction=/fa><button formaction=/fb>x</button></form>
        <svg><use href="#icon"/><image xlink:href=x.svg /><a xlink:href=sa>x</a></svg>
        <link rel=preload as=image imagesrcset="l1.png 1x, l2.png 2x">
        <frameset><frame src=fr.html></frameset>"##;
    assert_eq!(
        links(page),
        [
            "link href: c",
            "link href: s.css",
            "script src: s.js",
            "meta refresh: next.html",
            "a href: a",
            "area href: b",
            "img src: i.png",
            "img srcset: i1.png",
            "img srcset: i2.png",
            "source srcset: p1.png",
            "source srcset: p2.png",
            "img src: p.png",
            "video src: v.mp4",
            "video poster: v.png",
            "source src: v.webm",
            "track src: v.vtt",
            "audio src: a.mp3",
            "iframe src: f.html",
            "embed src: e.swf",
            "object data: o.pdf",
            "form action: /send",
            "input src: in.png",
            "button formaction: /fa",
            "button formaction: /fb",
            "svg use href: #icon",
            "svg image href: x.svg",
            "a href: sa",
            "link imagesrcset: l1.png",
            "link imagesrcset: l2.png",
            "iframe src: fr.html",
        ]
    );
}

#[test]
fn references_come_decoded_and_stripped() {
    assert_eq!(links("<a href='\n x?a=1&amp;b=2&copy=3&#x41;\r\n '>"), ["a href: x?a=1&b=2&copy=3A"]);
    assert_eq!(links("<a href='a\n\tb c'>"), ["a href: ab c"]);
    assert_eq!(links("<A HREF=Case.html>"), ["a href: Case.html"]);
    assert_eq!(links("<a href=\"é&eacute;\">"), ["a href: éé"]);
    assert_eq!(links("<a\thref = x/y/ >"), ["a href: x/y/"]);
    assert_eq!(links("<a href=x/>"), ["a href: x/"]);
}

#[test]
fn an_empty_reference_is_a_link_only_where_it_means_the_page_itself() {
    assert_eq!(links("<a href>x</a><a href=''><area href=' '>"), ["a href: ", "a href: ", "area href: "]);
    assert_eq!(links("<img src=''><form action=''><form><link href><script src></script><iframe src=' '>"), [""; 0]);
    assert_eq!(links("<a>x</a><a name=y>"), [""; 0]);
}

#[test]
fn the_first_of_two_equal_attributes_counts() {
    assert_eq!(links("<a href=one href=two HREF=three>"), ["a href: one"]);
    assert_eq!(links("<a href href=two>"), ["a href: "]);
}

#[test]
fn what_is_only_text_has_no_links() {
    for page in [
        "<!-- <a href=x> -->",
        "<script>'<a href=x>'</script>",
        "<script><!--<script></script><a href=x>--></script>",
        "<style><a href=x></style>",
        "<title><a href=x></title>",
        "<textarea><a href=x></textarea>",
        "<iframe><a href=x></iframe>",
        "<noframes><a href=x></noframes>",
        "<xmp><a href=x></xmp>",
        "<plaintext><a href=x>",
        "<script>x</scripty><a href=x>",
        "<svg><![CDATA[<p><a href=x>]]></svg>",
        "</a href=x>",
        "<a href=x",
        "<a href='x>",
    ] {
        assert_eq!(links(page), [""; 0], "{page}");
        let with_more =
            format!("{page}-->]]>\"'></script></style></title></textarea></iframe></noframes></xmp></svg><a href=y>");
        if !page.starts_with("<plaintext") {
            assert_eq!(links(&with_more).last().map(String::as_str), Some("a href: y"), "{page}");
        }
    }
}

#[test]
fn noscript_and_declarative_shadow_roots_count_and_templates_do_not() {
    assert_eq!(links("<noscript><a href=x></noscript>"), ["a href: x"]);
    assert_eq!(links("<template><a href=x><template></template><a href=y></template><a href=z>"), ["a href: z"]);
    assert_eq!(links("<template shadowrootmode=open><a href=x></template>"), ["a href: x"]);
    assert_eq!(links("<template><template shadowrootmode=open></template><a href=x></template>"), [""; 0]);
}

#[test]
fn a_slash_completes_a_script_in_svg_but_not_in_html() {
    assert_eq!(links("<svg><script href=s.js /><title/></svg><a href=x>"), ["script src: s.js", "a href: x"]);
    assert_eq!(links("<script src=s.js /><a href=no></script><a href=x>"), ["script src: s.js", "a href: x"]);
    assert_eq!(links("<image src=i.png><svg/><script/><a href=no></script>"), ["img src: i.png"]);
}

#[test]
fn xlink_href_counts_in_svg_only_and_after_href() {
    assert_eq!(links("<a xlink:href=x>"), [""; 0]);
    assert_eq!(links("<svg><use xlink:href=old href=new /></svg>"), ["svg use href: new"]);
}

#[test]
fn a_link_element_that_names_no_resource_is_left_out() {
    assert_eq!(links("<link rel='preconnect' href=//a><link rel='DNS-prefetch preconnect' href=//b>"), [""; 0]);
    assert_eq!(links("<link rel=pingback href=/xmlrpc.php>"), [""; 0]);
    assert_eq!(
        links("<link rel='preconnect stylesheet' href=c.css><link href=d><link rel='' href=e>"),
        ["link href: c.css", "link href: d", "link href: e"]
    );
}

#[test]
fn buttons_that_do_not_submit_have_no_action() {
    assert_eq!(links("<button type=button formaction=x><button type=Reset formaction=x><input formaction=x>"), [""; 0]);
    assert_eq!(links("<input type=submit formaction=x src=y>"), ["button formaction: x"]);
}

#[test]
fn only_a_refresh_with_an_address_is_a_link() {
    assert_eq!(links("<meta name=refresh content='0;url=x'><meta http-equiv=refresh content=30>"), [""; 0]);
    assert_eq!(links("<meta content='0;url=x' http-equiv=REFRESH>"), ["meta refresh: x"]);
}

#[test]
fn the_first_base_is_told_once() {
    let found = scan("<base target=_blank><base href=' /b/ '><base href=/c/><a href=x>");
    assert_eq!(found.bases, ["/b/"]);
    assert_eq!(found.links.len(), 1);
}

#[test]
fn offsets_point_at_the_tag_even_after_odd_line_ends_and_characters() {
    let page = "\r\n\r\u{feff}é&amp;&nosuch;<!-- \r\n --><![CDATA[x]]><p\r\nclass='&lt;\r\n'>\0</p><a\r\nhref=x>\r\n<img src=y>";
    let found = scan(page);
    let expected = [page.find("<a"), page.find("<img")].map(Option::unwrap);
    assert_eq!(found.offsets, expected);
}
