//! What each meaning looks like on this terminal: a theme's file at a depth of colour. What is drawn where is not here.

pub mod depth;
mod file;
pub mod role;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use ratatui::style::{Color, Style};

pub use self::depth::Depth;
pub use self::file::Warning;
use self::file::{File, Look};
pub use self::role::Role;
use crate::config;
use crate::text::Text;

/// The theme that is used unless another is wanted, and that every theme stands on.
pub const DEFAULT: &str = "calm-dark";

const OURS: &[(&str, &str)] = &[
    (DEFAULT, include_str!("../../../themes/calm-dark.toml")),
    (
        "calm-light",
        include_str!("../../../themes/calm-light.toml"),
    ),
    ("contrast", include_str!("../../../themes/contrast.toml")),
    (
        "colour-blind",
        include_str!("../../../themes/colour-blind.toml"),
    ),
    (
        "terminal-16",
        include_str!("../../../themes/terminal-16.toml"),
    ),
];

/// More than these stand on each other only in a circle.
const GENERATIONS: usize = 8;

/// Where themes are read from, and for which terminal.
#[derive(Clone, Debug)]
pub struct Themes {
    /// Where a person's own lie.
    pub folder: Option<PathBuf>,
    pub depth: Depth,
}

impl Themes {
    /// Reads a theme by its name, and tells what was wrong with it.
    pub fn load(&self, name: &str) -> (Theme, Vec<Warning>) {
        Theme::load(name, self.folder.as_deref(), self.depth)
    }
}

/// The style of each role.
#[derive(Clone, Debug)]
pub struct Theme(Vec<Style>);

impl Theme {
    /// Reads a theme by its name: from `folder`, where a person's own lie, before ours. What could not be read is told, and is
    /// as in the default theme.
    pub fn load(name: &str, folder: Option<&Path>, depth: Depth) -> (Self, Vec<Warning>) {
        let mut warnings = Vec::new();
        let file = inherited(name, folder, &mut warnings);
        (Self::of(&file, depth), warnings)
    }

    /// Our own default theme.
    pub fn standard(depth: Depth) -> Self {
        Self::load(DEFAULT, None, depth).0
    }

    /// The names of the themes that the program brings.
    pub fn ours() -> impl Iterator<Item = &'static str> {
        OURS.iter().map(|(name, _)| *name)
    }

    fn of(file: &File, depth: Depth) -> Self {
        let depth = file.deepest.map_or(depth, |deepest| depth.min(deepest));
        Self(
            Role::ALL
                .iter()
                .map(|role| style(file, *role, depth))
                .collect(),
        )
    }

    pub fn style(&self, role: Role) -> Style {
        self.0.get(role as usize).copied().unwrap_or_default()
    }
}

/// A file with all that it inherits; at the bottom always the default theme.
fn inherited(name: &str, folder: Option<&Path>, warnings: &mut Vec<Warning>) -> File {
    let standard = ours(DEFAULT).unwrap_or_default();
    let mut line = Vec::new();
    let mut next = Some(name.to_owned());
    while let Some(name) = next.take().filter(|_| line.len() < GENERATIONS) {
        let source = match source(&name, folder) {
            Ok(source) => source,
            Err(why) => {
                let theme = name.into();
                warnings.push(Warning {
                    theme,
                    line: 1,
                    why,
                });
                break;
            }
        };
        if source == standard {
            break; // every line ends here
        }
        let (file, told) = file::read(&name, &source);
        warnings.extend(told);
        next.clone_from(&file.inherits);
        line.push(file);
    }
    let (bottom, _) = file::read(DEFAULT, standard);
    line.into_iter()
        .rev()
        .fold(bottom, |parent, child| child.over(parent))
}

/// The text of a theme: one's own, which nobody else could have written, else ours.
fn source(name: &str, folder: Option<&Path>) -> Result<Cow<'static, str>, Text> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if let Some(folder) = folder.filter(|_| name.chars().all(is_plain)) {
        let theirs = config::read_own(&folder.join(format!("{name}.toml")));
        if let Some(theirs) = theirs.map_err(|error| Text::from(error.to_string()))? {
            return Ok(theirs.into());
        }
    }
    let ours = ours(name).map(Cow::Borrowed);
    ours.ok_or_else(|| "there is no theme of this name".into())
}

/// The text of a theme that the program brings.
fn ours(name: &str) -> Option<&'static str> {
    let mut all = OURS.iter();
    all.find(|(known, _)| *known == name)
        .map(|(_, source)| *source)
}

fn style(file: &File, role: Role, depth: Depth) -> Style {
    let mono = Style::new().add_modifier(role.mono());
    let Some(look) = look(file, role) else {
        return mono;
    };
    let colour = |name: &Option<String>| colour(file, name.as_deref()?, depth);
    let mut style = Style::new().add_modifier(look.modifier);
    style.fg = colour(&look.fg);
    style.bg = colour(&look.bg);
    match (depth, style.bg) {
        (Depth::Mono, _) => mono,
        // A background that this terminal cannot show: the look without colour says it.
        (Depth::Ansi16, Some(Color::Reset)) => Style { bg: None, ..style }.patch(mono),
        (Depth::Ansi16 | Depth::Ansi256 | Depth::True, _) => style,
    }
}

/// What the file says of a role, or of what it is a kind of.
fn look(file: &File, role: Role) -> Option<&Look> {
    std::iter::successors(Some(role), |role| role.parent()).find_map(|role| file.roles.get(&role))
}

fn colour(file: &File, name: &str, depth: Depth) -> Option<Color> {
    match depth {
        Depth::Mono => None,
        Depth::Ansi16 => file.ansi.get(name).copied(),
        Depth::Ansi256 => file.palette.get(name).map(|rgb| rgb.indexed()),
        Depth::True => file.palette.get(name).map(|rgb| rgb.exact()),
    }
}
