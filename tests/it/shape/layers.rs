//! The table of layers, read from the page that explains it, so that the two cannot differ.

/// May be used by every module.
const EVERYWHERE: [&str; 2] = ["text", "explain"];

/// Modules and what each may use, in the order of the table.
pub struct Layers(Vec<(String, Vec<String>)>);

impl Layers {
    /// Reads the rows that start with a module in backticks: `` | `jwt` | what it may use | .. | ``.
    pub fn read(page: &str) -> Self {
        let mut layers = Vec::new();
        for row in page.lines().filter(|line| line.starts_with("| `")) {
            let mut cells = row.split('|').skip(1).map(in_backticks);
            let (modules, uses) = (cells.next().unwrap(), cells.next().unwrap());
            layers.extend(modules.into_iter().map(|module| (module, uses.clone())));
        }
        assert!(!layers.is_empty(), "the page has no table of layers");
        Self(layers)
    }

    pub fn has(&self, module: &str) -> bool {
        self.0.iter().any(|(name, _)| name == module)
    }

    /// Whether the first module may name the second. A module that is not in the table may use nothing.
    pub fn allow(&self, module: &str, used: &str) -> bool {
        let listed = self
            .0
            .iter()
            .any(|(name, uses)| name == module && uses.iter().any(|name| name == used));
        let everywhere = EVERYWHERE.contains(&used) && !EVERYWHERE.contains(&module);
        module == used || everywhere || listed
    }

    /// Uses that point down the table: without them there is no circle.
    pub fn uses_of_later_rows(&self) -> Vec<String> {
        let mut found = Vec::new();
        for (place, (module, uses)) in self.0.iter().enumerate() {
            for used in uses {
                if !self.0[..place].iter().any(|(earlier, _)| earlier == used) {
                    found.push(format!("{module} uses {used}"));
                }
            }
        }
        found
    }
}

fn in_backticks(cell: &str) -> Vec<String> {
    cell.split('`')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}
