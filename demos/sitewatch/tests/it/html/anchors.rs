use super::scan;

#[test]
fn ids_of_all_elements_and_names_of_a_are_anchors() {
    let page = "<h1 id=one><a name=two></a><a id=three name=three></a><a id=four name=five>\
                <svg id=six><g id='sev en'/></svg><map name=no></map><custom-element ID=Eight>";
    assert_eq!(scan(page).anchors, ["one", "two", "three", "four", "five", "six", "sev en", "Eight"]);
}

#[test]
fn an_anchor_keeps_its_spelling_and_an_empty_one_is_none() {
    assert_eq!(scan("<p id=' a&amp;b '><p id><p id=''><a name>").anchors, [" a&b "]);
}

#[test]
fn a_template_is_an_anchor_but_its_contents_are_not() {
    assert_eq!(scan("<template id=t><p id=no></template><p id=x>").anchors, ["t", "x"]);
}

#[test]
fn the_same_id_twice_is_told_twice() {
    assert_eq!(scan("<p id=x><p id=x>").anchors, ["x", "x"]);
}
