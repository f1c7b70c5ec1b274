//! Rust source as the names in it, each with its line: comments and texts are no names, and test code is told apart.
//!
//! It reads tokens, not types: a name that a macro of another crate makes up is not seen.

use std::collections::BTreeMap;

use proc_macro2::{Delimiter, Group, LexError, TokenStream, TokenTree};

/// A name with its line: a path such as `crate::io::clock`, or a method that is called, as `.is_file`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) name: String,
    pub(crate) line: usize,
}

/// What one file names, its test code left out.
#[derive(Debug, Default)]
pub(crate) struct Source {
    /// Paths of two parts or more, and every `use`, resolved as far as the file itself tells.
    pub(crate) paths: Vec<Named>,
    /// Methods called.
    pub(crate) calls: Vec<Named>,
    /// Modules declared here that are test code.
    pub(crate) test_modules: Vec<String>,
    /// Lines that are not test code.
    pub(crate) lines: usize,
}

impl Source {
    /// Reads the text of `module`, given as its path below the crate.
    pub(crate) fn read(text: &str, module: &[String]) -> Result<Self, LexError> {
        let mut reader = Reader::default();
        reader.read(&tokens(text.parse()?), module);
        let resolve = |found: &Found| Named { name: reader.resolve(found), line: found.line };
        Ok(Self {
            paths: reader.found.iter().filter(|found| found.matters()).map(resolve).collect(),
            calls: reader.calls.clone(),
            test_modules: reader.test_modules.clone(),
            lines: text.lines().count() - reader.test_lines,
        })
    }
}

/// Every occurrence of one of `words` as a name, test code included.
pub(crate) fn words(text: &str, words: &[&str]) -> Result<Vec<Named>, LexError> {
    let mut found = Vec::new();
    collect_words(text.parse()?, words, &mut found);
    Ok(found)
}

fn collect_words(stream: TokenStream, words: &[&str], found: &mut Vec<Named>) {
    for token in stream {
        match token {
            TokenTree::Group(group) => collect_words(group.stream(), words, found),
            TokenTree::Ident(ident) if words.iter().any(|word| ident == *word) => {
                found.push(Named { name: ident.to_string(), line: ident.span().start().line });
            }
            TokenTree::Ident(_) | TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
}

/// The first token that begins neither a `mod` without a body nor a `use`; their attributes and `pub` aside.
pub(crate) fn beyond_declarations(text: &str) -> Result<Option<Named>, LexError> {
    let tokens = tokens(text.parse()?);
    let mut rest = &tokens[..];
    while let Some(first) = rest.first() {
        let Some(length) = declaration(rest) else {
            return Ok(Some(Named { name: first.to_string(), line: first.span().start().line }));
        };
        rest = &rest[length..];
    }
    Ok(None)
}

/// How many tokens belong to what stands first, if it is an attribute, `pub`, a `mod` without a body or a `use`.
fn declaration(rest: &[TokenTree]) -> Option<usize> {
    match rest {
        [TokenTree::Punct(hash), TokenTree::Group(_), ..] if hash.as_char() == '#' => Some(2),
        [TokenTree::Punct(hash), TokenTree::Punct(_), TokenTree::Group(_), ..] if hash.as_char() == '#' => {
            Some(3)
        }
        [TokenTree::Ident(word), ..] if word == "pub" => Some(1),
        [TokenTree::Ident(word), TokenTree::Ident(_), TokenTree::Punct(end), ..]
            if word == "mod" && end.as_char() == ';' =>
        {
            Some(3)
        }
        [TokenTree::Ident(word), path @ ..] if word == "use" => {
            let ends = |token: &TokenTree| matches!(token, TokenTree::Punct(mark) if mark.as_char() == ';');
            path.iter().position(ends).map(|end| end + 2)
        }
        _ => None,
    }
}

/// A path as written, and the module in which it stands.
#[derive(Debug)]
struct Found {
    parts: Vec<String>,
    module: Vec<String>,
    line: usize,
    imported: bool,
}

impl Found {
    fn matters(&self) -> bool {
        self.imported || self.parts.len() > 1
    }
}

#[derive(Debug, Default)]
struct Reader {
    found: Vec<Found>,
    /// What a name of this file stands for, by its `use`.
    aliases: BTreeMap<String, Vec<String>>,
    calls: Vec<Named>,
    test_modules: Vec<String>,
    test_lines: usize,
}

/// Where a path stands.
#[derive(Clone, Copy)]
struct Spot<'a> {
    module: &'a [String],
    line: usize,
    imported: bool,
}

impl Reader {
    fn read(&mut self, tokens: &[TokenTree], module: &[String]) {
        let mut at = 0;
        let mut imported = false;
        while at < tokens.len() {
            let rest = &tokens[at..];
            if let Some(length) = test_item(rest) {
                self.leave_out(&rest[..length]);
                at += length;
                continue;
            }
            imported = match &rest[0] {
                TokenTree::Ident(word) if word == "use" => true,
                TokenTree::Punct(mark) if mark.as_char() == ';' => false,
                _ => imported,
            };
            at += self.read_one(rest, module, imported);
        }
    }

    /// Reads what stands first, and tells how many tokens that was.
    fn read_one(&mut self, rest: &[TokenTree], module: &[String], imported: bool) -> usize {
        let line = rest[0].span().start().line;
        match rest {
            [TokenTree::Ident(word), TokenTree::Ident(name), TokenTree::Group(body), ..] if word == "mod" => {
                let inner: Vec<String> = module.iter().cloned().chain([name.to_string()]).collect();
                self.read(&tokens(body.stream()), &inner);
                3
            }
            [TokenTree::Punct(dot), TokenTree::Ident(method), TokenTree::Group(arguments), ..]
                if dot.as_char() == '.' && arguments.delimiter() == Delimiter::Parenthesis =>
            {
                self.calls.push(Named { name: format!(".{method}"), line });
                2
            }
            [TokenTree::Ident(_), ..] => self.path(rest, &[], Spot { module, line, imported }),
            [TokenTree::Group(group), ..] => {
                self.read(&tokens(group.stream()), module);
                1
            }
            _ => 1,
        }
    }

    /// Reads a path, with all branches of a `use` tree, behind `prefix`; tells how many tokens it was.
    fn path(&mut self, rest: &[TokenTree], prefix: &[String], spot: Spot<'_>) -> usize {
        let mut parts = prefix.to_vec();
        let mut at = 0;
        loop {
            match &rest[at..] {
                [TokenTree::Ident(part), ..] => parts.push(part.to_string()),
                [TokenTree::Punct(star), ..] if star.as_char() == '*' => parts.push("*".to_owned()),
                [TokenTree::Group(tree), ..] if tree.delimiter() == Delimiter::Brace => {
                    self.branches(tree, &parts, spot);
                    return at + 1;
                }
                _ => break,
            }
            at += 1;
            match &rest[at..] {
                [TokenTree::Punct(one), TokenTree::Punct(two), ..]
                    if one.as_char() == ':' && two.as_char() == ':' =>
                {
                    at += 2;
                }
                _ => break,
            }
        }
        let new_name = match &rest[at..] {
            [TokenTree::Ident(word), TokenTree::Ident(name), ..] if word == "as" && spot.imported => {
                at += 2;
                Some(name.to_string())
            }
            _ => None,
        };
        self.keep(parts, new_name, spot);
        at.max(1)
    }

    fn branches(&mut self, tree: &Group, prefix: &[String], spot: Spot<'_>) {
        let tokens = tokens(tree.stream());
        for branch in tokens.split(|token| matches!(token, TokenTree::Punct(mark) if mark.as_char() == ',')) {
            if let Some(first) = branch.first() {
                let line = first.span().start().line;
                self.path(branch, prefix, Spot { line, ..spot });
            }
        }
    }

    fn keep(&mut self, mut parts: Vec<String>, new_name: Option<String>, spot: Spot<'_>) {
        // `a::{self}` is `a`.
        if parts.len() > 1 && parts.last().is_some_and(|part| part == "self") {
            parts.pop();
        }
        let imported = spot.imported && parts != ["use"];
        if imported {
            let name = new_name.or_else(|| parts.last().cloned());
            let meant = absolute(&parts, spot.module);
            self.aliases.extend(name.map(|name| (name, meant)));
        }
        let (module, line) = (spot.module.to_vec(), spot.line);
        self.found.push(Found { parts, module, line, imported });
    }

    fn resolve(&self, found: &Found) -> String {
        let parts = absolute(&found.parts, &found.module);
        let alias = parts.first().filter(|_| !found.imported).and_then(|first| self.aliases.get(first));
        match alias {
            Some(meant) => [meant, &parts[1..]].concat().join("::"),
            None => parts.join("::"),
        }
    }

    fn leave_out(&mut self, item: &[TokenTree]) {
        let (first, last) = (&item[0], &item[item.len() - 1]);
        self.test_lines += last.span().end().line + 1 - first.span().start().line;
        for pair in item.windows(3) {
            if let [TokenTree::Ident(word), TokenTree::Ident(name), TokenTree::Punct(end)] = pair
                && word == "mod"
                && end.as_char() == ';'
            {
                self.test_modules.push(name.to_string());
            }
        }
    }
}

/// A path from the crate's root, where it begins with `crate`, `self`, `super` or the crate's own name.
fn absolute(parts: &[String], module: &[String]) -> Vec<String> {
    let of_crate = |inside: &[String], rest: &[String]| [&["crate".to_owned()], inside, rest].concat();
    match parts.first().map(String::as_str) {
        Some("crate" | "nwdiag") if parts.len() > 1 => of_crate(&[], &parts[1..]),
        Some("self") if parts.len() > 1 => of_crate(module, &parts[1..]),
        Some("super") => {
            let up = parts.iter().take_while(|part| *part == "super").count();
            of_crate(&module[..module.len().saturating_sub(up)], &parts[up..])
        }
        _ => parts.to_vec(),
    }
}

/// The length of an item marked `#[cfg(test)]`, or of all that follows `#![cfg(test)]`.
fn test_item(rest: &[TokenTree]) -> Option<usize> {
    let is =
        |token: &TokenTree, mark: char| matches!(token, TokenTree::Punct(punct) if punct.as_char() == mark);
    let for_tests =
        |token: &TokenTree| matches!(token, TokenTree::Group(group) if compact(group) == "cfg(test)");
    match rest {
        [hash, bang, group, ..] if is(hash, '#') && is(bang, '!') && for_tests(group) => Some(rest.len()),
        [hash, group, behind @ ..] if is(hash, '#') && for_tests(group) => {
            let ends = |token: &TokenTree| {
                is(token, ';')
                    || matches!(token, TokenTree::Group(body) if body.delimiter() == Delimiter::Brace)
            };
            Some(behind.iter().position(ends).map_or(rest.len(), |end| end + 3))
        }
        _ => None,
    }
}

fn compact(group: &Group) -> String {
    group.stream().to_string().replace(' ', "")
}

fn tokens(stream: TokenStream) -> Vec<TokenTree> {
    stream.into_iter().collect()
}
