use std::borrow::Cow;

use sitewatch::html::{decode, looks_like_html};

#[test]
fn valid_utf8_is_not_copied_however_it_is_declared() {
    let page = "<meta charset=utf-8>é".as_bytes();
    for charset in [None, Some("UTF-8"), Some("nonsense")] {
        assert!(matches!(decode(page, charset), Cow::Borrowed("<meta charset=utf-8>é")));
    }
    assert!(matches!(decode(b"plain", Some("iso-8859-1")), Cow::Borrowed("plain")));
}

#[test]
fn a_byte_order_mark_comes_before_the_header_and_the_header_before_the_page() {
    let with_mark = b"\xef\xbb\xbf<meta charset=koi8-r>\xc3\xa9";
    assert_eq!(decode(with_mark, Some("windows-1252")), "<meta charset=koi8-r>é");
    let page = b"<meta charset=koi8-r>\xc1";
    assert_eq!(decode(page, Some("windows-1252")), "<meta charset=koi8-r>Á");
    assert_eq!(decode(page, None), "<meta charset=koi8-r>а");
    assert_eq!(decode(b"\xfe\xff\0a\0b", None), "ab");
}

#[test]
fn the_page_may_declare_its_encoding_in_two_ways() {
    for declaration in [
        "<meta charset='koi8-r'>",
        "<META CHARSET=KOI8-R>",
        "<meta http-equiv=content-type content='text/html; charset=koi8-r'>",
        "<meta content='text/html;CHARSET = \"koi8-r\"' http-equiv=Content-Type>",
        "<!-- <meta charset=utf-8> --><meta charset=koi8-r><meta charset=utf-8>",
        "<meta charset=unknown><meta charset=koi8-r>",
    ] {
        let page = [declaration.as_bytes(), b"\xc1"].concat();
        assert!(decode(&page, None).ends_with('а'), "{declaration}");
    }
    for declaration in [
        "<meta content='text/html; charset=koi8-r'>",
        "<script>'<meta charset=koi8-r>'</script>",
        "<meta http-equiv=content-type content='charset'>",
        "<meta http-equiv=content-type content='charset=\"koi8-r'>",
    ] {
        let page = [declaration.as_bytes(), b"\xc1"].concat();
        assert!(decode(&page, None).ends_with('Á'), "{declaration}");
    }
}

#[test]
fn a_declaration_beyond_the_first_1024_bytes_is_too_late() {
    let page = |padding| [" ".repeat(padding).as_bytes(), b"<meta charset=koi8-r>\xc1"].concat();
    assert!(decode(&page(1024 - 21), None).ends_with('а'));
    assert!(decode(&page(1024 - 20), None).ends_with('Á'));
}

#[test]
fn a_page_that_says_utf16_in_ascii_is_utf8() {
    assert_eq!(decode("<meta charset=utf-16>é".as_bytes(), None), "<meta charset=utf-16>é");
    assert_eq!(decode(b"<meta charset=x-user-defined>\xe9", None), "<meta charset=x-user-defined>é");
}

#[test]
fn what_is_not_in_the_declared_encoding_is_replaced() {
    assert_eq!(decode(b"<meta charset=utf-8>\xff<a href=x>", None), "<meta charset=utf-8>\u{fffd}<a href=x>");
}

#[test]
fn files_that_begin_as_html_look_like_html() {
    for page in [
        "<!doctype HTML PUBLIC>",
        "  \n<html>",
        "\u{feff}<html lang=en>",
        "<!-- a --> <!-- b --><p/>",
        "<?xml version='1.0'?>\n<!DOCTYPE html>",
        "<H1\nid=x>",
        "<meta charset=utf-8>",
    ] {
        assert!(looks_like_html(page.as_bytes()), "{page}");
    }
    assert!(looks_like_html(b"\xff\xfe<\0p\0>\0"), "UTF-16 with its mark");
    let licence = format!("<!--{}--><html>", "x".repeat(8000));
    assert!(looks_like_html(licence.as_bytes()));
}

#[test]
fn other_files_do_not() {
    for file in [
        "",
        " ",
        "<",
        "<p",
        "</p>",
        "text <p>",
        "{\"a\": \"<p>\"}",
        "<svg>",
        "<urlset>",
        "<!doctype svg>",
        "<?xml version='1.0'?><feed>",
        "<!-- endless",
        "%PDF-1.7",
        "\u{89}PNG\r\n",
        "<paragraph>",
        "<!doctype",
    ] {
        assert!(!looks_like_html(file.as_bytes()), "{file}");
    }
}
