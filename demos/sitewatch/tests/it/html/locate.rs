use sitewatch::html::{LinkKind, Located, locate};

fn one(page: &str) -> Located {
    let mut located = locate(page, &[0]);
    assert_eq!(located.len(), 1, "{page}");
    located.remove(0)
}

#[test]
fn lines_and_columns_count_characters_from_one_whatever_ends_a_line() {
    let page = "é <a href=0>\r\n<a href=1>\r <a href=2>\n\n日本<a href=3>";
    let places: Vec<_> = locate(page, &[0, 1, 2, 3]).iter().map(|found| (found.line, found.column)).collect();
    assert_eq!(places, [(1, 3), (2, 1), (3, 2), (5, 3)]);
}

#[test]
fn the_place_is_that_of_the_tag_not_of_the_attribute() {
    let found = one("x\n  <img\n   src=i.png>");
    assert_eq!((found.line, found.column), (2, 3));
}

#[test]
fn the_text_is_what_a_reader_sees() {
    for (page, text) in [
        ("<a href=x>  a \n b  </a>c", "a b"),
        ("<a href=x><b>bo</b><i>ld</i><br>new<p>par</p>end</a>", "bold new par end"),
        ("<a href=x>a<img src=i alt=' pic '>b</a>", "a pic b"),
        ("<a href=x>a<script>no</script><style>no</style><!-- no -->b</a>", "a b"),
        ("<a href=x>1 &lt; 2 <é</a>", "1 < 2 <é"),
        ("<a href=x><template>no</template>yes</a>", "yes"),
        ("<a href=x><svg><title>icon</title></svg></a>", "icon"),
        ("<a href=x>open <a href=y>other</a>", "open"),
        ("<a href=x>to the end", "to the end"),
        ("<a href=x></a>after", ""),
        ("<svg><a href=x /></svg>after", ""),
        ("<img src=x alt='a  b'>after", "a b"),
        ("<area href=x alt=spot>", "spot"),
        ("<link href=x>after", ""),
        ("<script src=x>no</script>", ""),
    ] {
        assert_eq!(one(page).text, text, "{page}");
    }
}

#[test]
fn a_long_text_is_cut_to_eighty_characters() {
    let found = one(&format!("<a href=x>{}</a>", "wörd ".repeat(100)));
    assert!(found.text.ends_with("wörd…"), "{}", found.text);
    assert_eq!(found.text.chars().count(), 80);
}

#[test]
fn the_reference_is_as_it_stands_in_the_source() {
    for (page, written) in [
        ("<a href=' x&amp;y\n '>", " x&amp;y\n "),
        ("<a href=\"it's\">", "it's"),
        ("<a class=c href = x/y id=z>", "x/y"),
        ("<a href=x>", "x"),
        ("<a href>", ""),
        ("<a href=>", ""),
        ("<a href=''>", ""),
        ("<img srcset=' x.png 2x, y.png'>", "x.png"),
        ("<meta http-equiv=refresh content='0; url= x.html'>", "x.html"),
        ("<svg><use xlink:href='#i'/></svg>", "#i"),
    ] {
        assert_eq!(one(page).href_as_written, written, "{page}");
    }
}

#[test]
fn several_links_of_one_tag_have_numbers_of_their_own() {
    let page = "<a href=0><img src=1 srcset='2, 3 2x' alt=pic></a><video src=4 poster=5>";
    let found = locate(page, &[0, 1, 3, 5]);
    let got: Vec<_> = found.iter().map(|l| (l.kind, l.href_as_written.as_str(), l.text.as_str())).collect();
    assert_eq!(
        got,
        [
            (LinkKind::Anchor, "0", "pic"),
            (LinkKind::Image, "1", "pic"),
            (LinkKind::ImageSet, "3", "pic"),
            (LinkKind::Poster, "5", ""),
        ]
    );
}

#[test]
fn numbers_that_no_link_has_are_left_out() {
    assert_eq!(locate("<a href=x>", &[]), []);
    assert_eq!(locate("<a href=x>", &[1, 2]), []);
    assert_eq!(locate("", &[0]), []);
    let numbers: Vec<_> = locate("<a href=0><a href=1><a href=2>", &[1, 1, 0, 2])
        .into_iter()
        .map(|found| found.href_as_written)
        .collect();
    assert_eq!(numbers, ["1", "2"]);
}
