//! Reads one source file with `syn` and lists what breaks a rule, as `audit/mod.rs:24: audit uses tui`.
//!
//! Paths are followed wherever they stand: in `use` trees, types, expressions, attributes and the tokens of macros.
//! Limit: a `use` tree with braces inside a macro's tokens is not followed.

use std::collections::BTreeSet;
use std::mem;

use proc_macro2::{Ident, Spacing, Span, TokenStream, TokenTree};
use syn::visit::{self, Visit};

use super::layers::Layers;

const LONGEST: usize = 500;
const TERMINAL: [&str; 2] = ["ratatui", "crossterm"];
const PRINTING: [&str; 5] = ["print", "println", "eprint", "eprintln", "dbg"];
const KNOW_UNIX: [&str; 3] = ["system", "store", "ledger"];
const MAY_READ_RAW: [&str; 4] = ["jwt", "permissions", "store", "sys"];

/// Every rule that the file breaks. Its path is relative to `src`, with `/`.
pub fn faults(layers: &Layers, file: &str, source: &str) -> Vec<String> {
    let mut reader = Reader {
        layers,
        file,
        module: module_of(file),
        tested: Tested::Code,
        faults: too_long(file, source).into_iter().collect(),
    };
    if reader.top() == "test_support" || reader.module.iter().any(|name| name == "tests") {
        reader.tested = Tested::Test;
    }
    match syn::parse_file(source) {
        Ok(parsed) => reader.visit_file(&parsed),
        Err(error) => reader.fault(error.span(), &error.to_string()),
    }
    reader.faults
}

pub fn too_long(file: &str, source: &str) -> Option<String> {
    let lines = source.lines().count();
    (lines > LONGEST).then(|| format!("{file}:{lines}: more than {LONGEST} lines"))
}

/// The ignored tests of a file, as the runner calls them.
pub fn ignored(file: &str, source: &str) -> Vec<String> {
    let parsed = syn::parse_file(source).unwrap();
    let mut found = Ignored {
        module: module_of(file),
        tests: Vec::new(),
    };
    found.visit_file(&parsed);
    found.tests
}

struct Ignored {
    module: Vec<String>,
    tests: Vec<String>,
}

impl<'ast> Visit<'ast> for Ignored {
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        self.module.push(module.ident.to_string());
        visit::visit_item_mod(self, module);
        self.module.pop();
    }

    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        let is_ignore = |attribute: &syn::Attribute| attribute.path().is_ident("ignore");
        if function.attrs.iter().any(is_ignore) {
            let name = function.sig.ident.to_string();
            let path = self.module.iter().chain([&name]);
            self.tests
                .push(path.cloned().collect::<Vec<_>>().join("::"));
        }
    }
}

/// The modules that `lib.rs` offers. Any other must be for tests alone.
pub fn public_modules(library: &str) -> BTreeSet<String> {
    let parsed = syn::parse_file(library).unwrap();
    let mut public = BTreeSet::new();
    for item in parsed.items {
        let syn::Item::Mod(module) = item else {
            panic!("lib.rs has only modules");
        };
        let name = module.ident.to_string();
        if matches!(module.vis, syn::Visibility::Public(_)) {
            public.insert(name);
        } else {
            assert!(
                is_for_tests(&module.attrs),
                "{name} is neither public nor for tests"
            );
        }
    }
    public
}

/// `jwt/keys.rs` is `jwt::keys`, `jwt/mod.rs` is `jwt`, `lib.rs` and `main.rs` are the root. What stands in `main/` counts as a
/// module of that name, which no layer may use.
fn module_of(file: &str) -> Vec<String> {
    let path = file.trim_end_matches(".rs");
    let path = path.trim_end_matches("/mod");
    match path {
        "lib" | "main" => Vec::new(),
        _ => path.split('/').map(str::to_owned).collect(),
    }
}

/// Whether a path leads to what other systems lack.
fn is_of_unix(names: &[Ident]) -> bool {
    let begins = |path: &[&str]| {
        names.len() >= path.len() && names.iter().zip(path).all(|(name, part)| name == part)
    };
    let paths: [&[&str]; 4] = [
        &["rustix"],
        &["std", "os", "unix"],
        &["std", "os", "fd"],
        &["tokio", "signal", "unix"],
    ];
    paths.into_iter().any(begins)
}

/// `#[cfg(test)]` or `#[cfg(all(test, ..))]`.
fn is_for_tests(attributes: &[syn::Attribute]) -> bool {
    attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("cfg"))
        .filter_map(|attribute| attribute.meta.require_list().ok())
        .map(|list| list.tokens.to_string().replace(' ', ""))
        .any(|condition| condition == "test" || condition.starts_with("all(test,"))
}

/// Whether what is read is compiled for tests only.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tested {
    Code,
    Test,
}

struct Reader<'a> {
    layers: &'a Layers,
    file: &'a str,
    /// The module that is being read, from the root.
    module: Vec<String>,
    tested: Tested,
    faults: Vec<String>,
}

impl Reader<'_> {
    /// The layer: the first module below the root; the root itself is "".
    fn top(&self) -> &str {
        self.module.first().map_or("", String::as_str)
    }

    fn fault(&mut self, at: Span, what: &str) {
        self.faults
            .push(format!("{}:{}: {what}", self.file, at.start().line));
    }

    /// Judges a path by its names, from wherever it was written.
    fn path(&mut self, names: &[Ident]) {
        let (Some(first), Some(last)) = (names.first(), names.last()) else {
            return;
        };
        let at = first.span();
        if TERMINAL.iter().any(|terminal| first == terminal) && self.top() != "tui" {
            self.fault(at, &format!("{first} belongs to tui"));
        }
        if is_of_unix(names) && !KNOW_UNIX.contains(&self.top()) && self.tested == Tested::Code {
            self.fault(at, "what only Unix has belongs to system");
        }
        if names.len() > 1 {
            self.call(last);
        }
        let Some(absolute) = self.absolute(names) else {
            return;
        };
        if let Some(used) = absolute.first() {
            self.layer(at, used);
        }
    }

    /// The path from the root, of a path that says where it starts.
    fn absolute(&mut self, names: &[Ident]) -> Option<Vec<String>> {
        let first = names.first()?;
        if first == "crate" || first == "nats_oam" {
            return Some(names[1..].iter().map(ToString::to_string).collect());
        }
        let here = usize::from(first == "self");
        let up = names[here..]
            .iter()
            .take_while(|name| *name == "super")
            .count();
        if up > 1 {
            self.fault(first.span(), "super::super");
        }
        if here + up == 0 {
            return None;
        }
        let kept = self.module.len().saturating_sub(up);
        let rest = names[here + up..].iter().map(ToString::to_string);
        Some(self.module[..kept].iter().cloned().chain(rest).collect())
    }

    fn layer(&mut self, at: Span, used: &str) {
        let top = self.top().to_owned();
        let free = ["", "main", "test_support"].contains(&top.as_str());
        let tests_own = used == "test_support" && self.tested == Tested::Test;
        if !free && !tests_own && !self.layers.allow(&top, used) {
            self.fault(at, &format!("{top} uses {used}"));
        }
    }

    /// Judges a function by its name, called as a method or named by a path.
    fn call(&mut self, name: &Ident) {
        if self.tested == Tested::Test {
            return;
        }
        let raw = MAY_READ_RAW.contains(&self.top()) || self.file == "text.rs";
        if name == "raw" && !raw {
            self.fault(name.span(), &format!("{} reads raw text", self.top()));
        }
        let seeds = self.top() == "store" || self.module.join("::").starts_with("jwt::creds");
        if name == "expose_seed" && !seeds {
            self.fault(name.span(), &format!("{} sees a seed", self.top()));
        }
    }

    fn printing(&mut self, name: &Ident) {
        if PRINTING.iter().any(|printing| name == printing) && self.file != "cli/output.rs" {
            self.fault(name.span(), &format!("{name}! belongs to cli/output.rs"));
        }
    }

    fn use_tree(&mut self, before: &[Ident], tree: &syn::UseTree, visibility: &syn::Visibility) {
        let with = |name: &Ident| [before, std::slice::from_ref(name)].concat();
        match tree {
            syn::UseTree::Path(path) => self.use_tree(&with(&path.ident), &path.tree, visibility),
            syn::UseTree::Name(name) => self.used(&with(&name.ident), visibility),
            syn::UseTree::Rename(renamed) => self.used(&with(&renamed.ident), visibility),
            syn::UseTree::Glob(glob) => {
                let star = Ident::new("everything", glob.star_token.spans[0]);
                self.used(&with(&star), visibility);
            }
            syn::UseTree::Group(group) => {
                for tree in &group.items {
                    self.use_tree(before, tree, visibility);
                }
            }
        }
    }

    fn used(&mut self, names: &[Ident], visibility: &syn::Visibility) {
        let Some(first) = names.first() else { return };
        let is_public = !matches!(visibility, syn::Visibility::Inherited);
        if first == "crate" && is_public {
            self.fault(first.span(), "pub use crate::");
        }
        // `use {crate as c}` and `use super as root` would hide every later use.
        if self.absolute(names).is_some_and(|path| path.is_empty()) {
            self.fault(first.span(), "the root under another name");
        }
        self.path(names);
    }

    /// Judges the paths, calls and printing in the tokens of a macro, whatever it makes of them.
    fn tokens(&mut self, tokens: TokenStream) {
        let mut path: Vec<Ident> = Vec::new();
        let mut before = String::new();
        for token in tokens {
            match &token {
                TokenTree::Ident(name) => {
                    if before != "::" {
                        self.path(&mem::take(&mut path));
                    }
                    if before == "." {
                        self.call(name);
                    }
                    path.push(name.clone());
                    before.clear();
                }
                TokenTree::Punct(punct) => {
                    if punct.as_char() == '!' && punct.spacing() == Spacing::Alone {
                        path.last()
                            .cloned()
                            .iter()
                            .for_each(|name| self.printing(name));
                    }
                    before.push(punct.as_char());
                }
                TokenTree::Group(group) => {
                    self.path(&mem::take(&mut path));
                    self.tokens(group.stream());
                    before.clear();
                }
                TokenTree::Literal(_) => before.clear(),
            }
        }
        self.path(&path);
    }
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        let outside = self.tested;
        if is_for_tests(&module.attrs) {
            self.tested = Tested::Test;
        } else if module.ident == "tests" {
            // A file `tests.rs` is judged as tests by its name, so its name must be true.
            self.fault(module.ident.span(), "tests without #[cfg(test)]");
        }
        self.module.push(module.ident.to_string());
        visit::visit_item_mod(self, module);
        self.module.pop();
        self.tested = outside;
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.use_tree(&[], &item.tree, &item.vis);
    }

    fn visit_item_extern_crate(&mut self, item: &'ast syn::ItemExternCrate) {
        self.fault(item.ident.span(), "extern crate");
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names: Vec<Ident> = path
            .segments
            .iter()
            .map(|segment| segment.ident.clone())
            .collect();
        self.path(&names);
        visit::visit_path(self, path);
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        if call.args.is_empty() {
            self.call(&call.method);
        }
        visit::visit_expr_method_call(self, call);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        if let Some(name) = call.path.segments.last() {
            self.printing(&name.ident);
        }
        self.tokens(call.tokens.clone());
        visit::visit_macro(self, call);
    }

    fn visit_meta_list(&mut self, list: &'ast syn::MetaList) {
        self.tokens(list.tokens.clone());
        visit::visit_meta_list(self, list);
    }
}
