//! What a page looks like, and that no text from outside changes more than the text at its place.

use proptest::prelude::*;
use pulldown_cmark::{Event, Options, Parser};

use super::*;
use crate::report::Report;
use crate::report::document::Value;
use crate::report::sample::{afternoon, full, nothing, of_a_dump, paris};
use crate::report::summary;
use crate::report::text::clean;

fn written(document: &Document) -> String {
    let mut out = Vec::new();
    write(&mut out, document, paris).unwrap();
    String::from_utf8(out).unwrap()
}

fn page(report: &Report) -> String {
    written(&summary::document(report))
}

#[test]
fn a_page_for_an_issue_has_the_verdict_first_and_tables_under_headings() {
    insta::assert_snapshot!("afternoon", page(&afternoon()));
    insta::assert_snapshot!("full", page(&full()));
    insta::assert_snapshot!("dump", page(&of_a_dump()));
    insta::assert_snapshot!("nothing", page(&nothing()));
}

/// A page with `text` at every place at which text from outside may stand.
fn with(text: &str) -> Document {
    let foreign = || Text::from(Inline::Foreign(text.to_owned()));
    let code = || Text::from(Inline::Code(text.to_owned()));
    let cells = |text: &dyn Fn() -> Text| vec![text(), text().then(Inline::Break).followed_by(text())];
    let columns = vec![Column::words("a"), Column::numbers("b")];
    Document {
        blocks: vec![
            Block::Title(code().then(" as ").followed_by(foreign())),
            Block::Paragraphs(vec![
                Paragraph { meaning: None, text: foreign() },
                Paragraph { meaning: None, text: code() },
            ]),
            Block::Verdict(vec![Answer {
                label: "Verdict",
                meaning: None,
                headline: foreign().then(" (").followed_by(code()).then(")"),
                evidence: vec![foreign(), code()],
                advice: Some(foreign()),
            }]),
            Block::Facts(vec![Fact { name: "fact", text: foreign().then(" ").then(Value::Dbm(-70)) }]),
            Block::Table(Table { columns, rows: vec![cells(&foreign), cells(&code)] }),
        ],
    }
}

/// What a renderer makes of a page: its structure, and its text. Code is text that GitHub leaves alone.
#[derive(Debug, Default, PartialEq)]
struct Rendered {
    structure: Vec<String>,
    text: String,
    outside_code: String,
}

impl Rendered {
    fn push(&mut self, text: &str, outside_code: &str) {
        self.text.push_str(text);
        self.outside_code.push_str(outside_code);
    }
}

fn rendered(page: &str) -> Rendered {
    let mut options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    options |= Options::ENABLE_FOOTNOTES | Options::ENABLE_MATH | Options::ENABLE_GFM;
    let mut rendered = Rendered::default();
    for event in Parser::new_ext(page, options) {
        match event {
            Event::Text(text) => rendered.push(&text, &text),
            Event::Code(text) => rendered.push(&text, " "),
            Event::InlineHtml(html) if &*html == "<br>" => rendered.push(" ", " "),
            other => {
                rendered.push(" ", " ");
                rendered.structure.push(format!("{other:?}"));
            }
        }
    }
    rendered
}

/// Spaces at the ends of lines and cells are not kept, and those that part references are not seen.
fn visible(text: &str) -> String {
    text.replace('\u{200b}', "").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether GitHub would find a mention, an issue, an address or an emoji in text that is no code.
fn holds_a_reference(text: &str) -> bool {
    let lower = text.to_lowercase();
    let is_followed = |mark: &str, next: fn(char) -> bool| {
        lower.match_indices(mark).any(|(at, _)| lower[at + mark.len()..].starts_with(next))
    };
    is_followed("@", char::is_alphanumeric)
        || is_followed("#", |c| c.is_ascii_digit())
        || is_followed("gh-", |c| c.is_ascii_digit())
        || is_followed("://", |_| true)
        || is_followed("www.", |c| c != '\u{200b}')
        || lower.contains(":tada:")
}

/// Text made to break out: pieces of markup and mentions, and anything at all.
fn hostile() -> impl Strategy<Value = String> {
    let pieces = prop_oneof![
        "[-+*_`|~<>#=$&@:!\\[\\]()\\\\. 0-9a-z]{0,4}",
        Just("@example".to_owned()),
        Just("#12".to_owned()),
        Just("GH-12".to_owned()),
        Just("https://e.example/?a=b&c".to_owned()),
        Just("www.example.com".to_owned()),
        Just(":tada:".to_owned()),
        Just("<!-- ".to_owned()),
        Just("</td></table><script>".to_owned()),
        Just("\n\n# heading\n".to_owned()),
        Just("| --- |".to_owned()),
        Just("```\n".to_owned()),
        Just("![x](y)".to_owned()),
        Just("1. - [ ] ".to_owned()),
        Just("- ".to_owned()),
        Just("7) ".to_owned()),
        Just("[^1]: ".to_owned()),
        Just("&lt;".to_owned()),
        Just("    ".to_owned()),
        any::<String>(),
    ];
    let texts = proptest::collection::vec(pieces, 1..6).prop_map(|pieces| pieces.concat());
    texts.prop_filter("a page says nothing of an empty text", |text| !text.trim().is_empty())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn text_from_outside_forms_no_markup_no_mention_and_no_reference_and_is_shown_whole(text in hostile()) {
        let page = written(&with(&text));
        let (made, plain) = (rendered(&page), rendered(&written(&with("PLACE"))));
        prop_assert_eq!(&made.structure, &plain.structure, "{}", &page);
        prop_assert!(!holds_a_reference(&made.outside_code), "{}", &page);
        prop_assert_eq!(visible(&made.text), visible(&plain.text.replace("PLACE", &clean(&text))), "{}", &page);
    }
}
