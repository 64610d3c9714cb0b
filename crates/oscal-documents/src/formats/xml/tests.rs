//! XML that is read, and XML that is refused.

use serde_json::{Value, json};

use crate::formats::xml::to_json;

const NAMESPACE: &str = "http://csrc.nist.gov/ns/oscal/1.0";

/// The JSON of a catalog with this content.
fn catalog(content: &str) -> Value {
    let xml = format!("<catalog xmlns='{NAMESPACE}' uuid='u'>{content}</catalog>");
    let json = to_json(&xml).unwrap_or_else(|error| panic!("{content}: {error}"));
    let value: Value = serde_json::from_str(&json).expect(&json);
    value["catalog"].clone()
}

/// The prose of a part with this content.
fn prose(content: &str) -> String {
    let json = catalog(&format!(
        "<control id='a'><part name='statement'>{content}</part></control>"
    ));
    json["controls"][0]["parts"][0]["prose"]
        .as_str()
        .expect("prose")
        .to_owned()
}

#[test]
fn elements_and_attributes_become_members() {
    let json = catalog(
        "<metadata><title>T</title>
           <revisions><revision><version>1</version></revision><revision><version>2</version></revision></revisions>
           <document-id scheme='s'>d</document-id>
           <party uuid='p' type='person'><telephone-number type='home'>1</telephone-number>
             <telephone-number>2</telephone-number></party>
           <responsible-party role-id='r'><party-uuid>p</party-uuid></responsible-party>
         </metadata>
         <control id='a'/><group id='g'><control id='b'/></group><control id='c'/>",
    );
    assert_eq!(
        json,
        json!({
            "uuid": "u",
            "metadata": {
                "title": "T",
                "revisions": [{"version": "1"}, {"version": "2"}],
                "document-ids": [{"scheme": "s", "identifier": "d"}],
                "parties": [{"uuid": "p", "type": "person", "telephone-numbers":
                    [{"type": "home", "number": "1"}, {"number": "2"}]}],
                "responsible-parties": [{"role-id": "r", "party-uuids": ["p"]}],
            },
            "controls": [{"id": "a"}, {"id": "c"}],
            "groups": [{"id": "g", "controls": [{"id": "b"}]}],
        })
    );
}

#[test]
fn types_come_from_the_model() {
    let xml = format!(
        "<o:profile xmlns:o='{NAMESPACE}' uuid='u'>
           <o:import href='#x'><o:include-all/></o:import>
           <o:merge><o:as-is>true</o:as-is></o:merge>
           <o:modify><o:set-parameter param-id='p'><o:value>true</o:value></o:set-parameter></o:modify>
         </o:profile>"
    );
    let value: Value = serde_json::from_str(&to_json(&xml).expect("XML")).expect("JSON");
    assert_eq!(
        value["profile"],
        json!({"uuid": "u", "imports": [{"href": "#x", "include-all": {}}], "merge": {"as-is": true},
               "modify": {"set-parameters": [{"param-id": "p", "values": ["true"]}]}})
    );
}

#[test]
fn unknown_names_are_kept_for_the_validation() {
    let json = catalog(
        "<contrl id='a'><x>1</x><x>2</x>y</contrl><e:x xmlns:e='urn:e'>z</e:x><control uid='b'/>",
    );
    assert_eq!(
        json["contrl"],
        json!({"id": "a", "x": ["1", "2"], "STRVALUE": "y"})
    );
    assert_eq!(json["e:x"], "z");
    assert_eq!(json["controls"][0], json!({"uid": "b"}));
}

#[test]
fn many_names_in_one_element_are_told_apart() {
    let names = || (0..200).map(|number| format!("<x{number}>a</x{number}>"));
    let json = catalog(&names().chain(names()).collect::<String>());
    assert_eq!(json.as_object().map(serde_json::Map::len), Some(201));
    assert_eq!(json["x0"], json!(["a", "a"]));
    assert_eq!(json["x199"], json!(["a", "a"]));
}

#[test]
fn markup_becomes_markdown() {
    for (xml, markdown) in [
        ("<p>a\n   b</p>\n<p>c</p>", "a b\n\nc"),
        (
            "<p>An <em>em</em>, <strong>s </strong>t, <i> i</i><b>b</b>.</p>",
            "An *em*, **s** t, *i***b**.",
        ),
        ("<p><q>quoted</q> \"not\"</p>", r#""quoted" \"not\""#),
        ("<p>H<sub>2</sub>O, x<sup>2</sup></p>", "H~2~O, x^2^"),
        ("<p>use <code>a*b `c`</code></p>", "use `` a*b `c` ``"),
        ("<p>2*3 `a` ~ ^ \\* \\d_</p>", r"2\*3 \`a\` \~ \^ \\\* \d_"),
        (
            "<p>see <a href='#ac-1'>AC-1 <em>x</em></a>.</p>",
            "see [AC-1 *x*](#ac-1).",
        ),
        ("<p><a href='a b(c)'>t</a></p>", "[t](a%20b%28c%29)"),
        (
            "<p><img src='a.png' alt='A' title='T'/></p>",
            "![A](a.png \"T\")",
        ),
        (
            "<p>by <insert type='param' id-ref='p-1'/>.</p>",
            "by {{ insert: param, p-1 }}.",
        ),
        ("<p>&lt;a&gt; &#x41;&amp;<![CDATA[<b>]]></p>", "<a> A&<b>"),
        (
            "<ul><li>a</li><li><p>b</p><p>c</p></li></ul>",
            "* a\n* b\n\n  c",
        ),
        (
            "<ol><li>a<ul><li>b</li><li>c</li></ul></li><li>d</li></ol>",
            "1. a\n   * b\n   * c\n1. d",
        ),
        ("<p>x</p><ul><li>a</li></ul><p>y</p>", "x\n\n* a\n\ny"),
        (
            "<table><tr><th>A</th><th>B|</th></tr><tr><td/><td>b <em>c</em></td></tr></table>",
            "| A | B\\| |\n| --- | --- |\n|  | b *c* |",
        ),
        ("<h2>Title</h2><p>t</p>", "## Title\n\nt"),
        ("<pre>a\n  b\n</pre>", "```\na\n  b\n```"),
        ("<blockquote><p>a</p><p>b</p></blockquote>", "> a\n>\n> b"),
        ("<p>one<!-- no -->two</p>", "onetwo"),
    ] {
        assert_eq!(prose(xml), markdown, "{xml}");
    }
}

#[test]
fn prose_has_an_element_around_it_or_not() {
    let json = catalog(
        "<metadata><title>A <em>b</em></title><remarks><p>r</p><ul><li>s</li></ul></remarks></metadata>
         <control id='a'><part name='x'><title>t</title><p>one</p><part name='y'><p>in</p></part></part></control>",
    );
    assert_eq!(
        json["metadata"],
        json!({"title": "A *b*", "remarks": "r\n\n* s"})
    );
    assert_eq!(
        json["controls"][0]["parts"][0],
        json!({"name": "x", "title": "t", "parts": [{"name": "y", "prose": "in"}], "prose": "one"})
    );
}

#[test]
fn errors_name_the_cause_and_the_place() {
    let mut wrong = Vec::new();
    let root = format!("<catalog xmlns='{NAMESPACE}'>");
    let deep = format!("{root}{}", "<x>".repeat(101));
    let attributes: String = (0..101).map(|n| format!(" a{n}='1'")).collect();
    let bindings: String = (0..90).map(|n| format!(" xmlns:a{n}='urn:{n}'")).collect();
    let many = format!("{root}<x{bindings}><y{bindings}>");
    let laughs =
        "<!DOCTYPE lolz [<!ENTITY lol 'lol'><!ENTITY lol2 '&lol;&lol;'>]><catalog>&lol2;</catalog>";
    for (xml, message, line, column) in [
        ("", "no element", 1, 1),
        (
            "<catalog/>",
            "not OSCAL: the root element `catalog` is not in the namespace",
            1,
            1,
        ),
        ("<a:catalog/>", "the prefix `a` is not declared", 1, 1),
        (laughs, "a document type declaration", 1, 1),
        (
            "<!DOCTYPE c SYSTEM 'file:///etc/passwd'><c/>",
            "a document type declaration",
            1,
            1,
        ),
        (
            "<?xml version='1.0' encoding='ISO-8859-1'?><c/>",
            "the encoding is `ISO-8859-1`",
            1,
            1,
        ),
        (
            &format!("{root}\n <metadata>\n </catalog>"),
            "not well-formed",
            3,
            2,
        ),
        (
            &format!("{root}<metadata>"),
            "the text ends within an element",
            1,
            62,
        ),
        (
            &format!("{root}\n&nbsp;</catalog>"),
            "`&nbsp;`, which is neither",
            2,
            1,
        ),
        (
            &format!("{root}\n&#0;</catalog>"),
            "`&#0;`, which is neither",
            2,
            1,
        ),
        (
            &format!("{root}\n  text</catalog>"),
            "text between elements",
            2,
            3,
        ),
        (
            &format!("{root}</catalog>\n<a/>"),
            "a second root element",
            2,
            1,
        ),
        (
            &format!("{root}</catalog>\nb"),
            "text outside the root element",
            2,
            1,
        ),
        (&format!("{root}\u{1}"), "a control character", 1, 52),
        (
            &format!("{root}<control id='a' id='b'/></catalog>"),
            "not well-formed",
            1,
            52,
        ),
        (
            &format!("{root}\n<metadata><title>a</title>\n<title>b</title></metadata></catalog>"),
            "`title` is there twice",
            3,
            1,
        ),
        (
            &format!("{root}<metadata><version>a<b/></version></metadata></catalog>"),
            "`b` in a plain value",
            1,
            72,
        ),
        (&deep, "nested deeper than 100 levels", 0, 0),
        (
            &format!("{root}<x{attributes}/>"),
            "more than 100 attributes",
            1,
            52,
        ),
        (&many, "namespace", 0, 0),
    ] {
        let error = to_json(xml).expect_err(xml);
        let is_right = error.message().contains(message)
            && (line == 0 || (error.line(), error.column()) == (line, column));
        if !is_right {
            wrong.push(format!("{xml:.100}: {error}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
