//! The header of a CSV file: renames columns as the caller asks and refuses those nobody knows.

use super::cells::split_list;
use csv::StringRecord;

/// `--map FROM=TO`: renames a column or key; without a target it is dropped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rename {
    from: String,
    to: Option<String>,
}

impl Rename {
    /// Reads `FROM=TO` or `FROM=-`.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text.rsplit_once('=') {
            Some((from, to)) if !from.trim().is_empty() && !to.trim().is_empty() => {
                let to = to.trim();
                Ok(Self { from: from.trim().to_owned(), to: (to != "-").then(|| to.to_owned()) })
            }
            _ => Err(format!("{text:?} is not FROM=TO; FROM=- drops a column, TO may be attr.NAME")),
        }
    }

    /// The key it applies to.
    pub fn from(&self) -> &str {
        &self.from
    }

    /// What the key becomes; none when it is dropped.
    pub fn to(&self) -> Option<&str> {
        self.to.as_deref()
    }
}

/// The names of the columns after renaming; none for a dropped one.
pub fn renamed(header: &StringRecord, renames: &[Rename]) -> Result<Vec<Option<String>>, String> {
    let mut names: Vec<Option<String>> = header.iter().map(|name| Some(name.trim().to_owned())).collect();
    for rename in renames {
        let at = header.iter().position(|name| name.trim().eq_ignore_ascii_case(&rename.from));
        let Some(at) = at else {
            return Err(format!("--map names the column {:?}, which the file does not have", rename.from));
        };
        names[at] = rename.to.clone();
    }
    Ok(names)
}

/// What to say about columns nobody knows.
pub fn unknown(columns: &[&str], known: &[&str]) -> String {
    let shown = columns.iter().take(5).map(|column| match nearest(column, known) {
        Some(near) => format!("{column:?} (did you mean {near:?}?)"),
        None => format!("{column:?}"),
    });
    let list = shown.collect::<Vec<_>>().join(", ");
    let more = if columns.len() > 5 { format!(" and {} more", columns.len() - 5) } else { String::new() };
    let (noun, first) = (if columns.len() == 1 { "column" } else { "columns" }, columns[0]);
    format!(
        "unknown {noun} {list}{more}; --map \"{first}=attr.{first}\" makes it an attribute, --map \"{first}=-\" drops it"
    )
}

fn nearest<'a>(column: &str, known: &[&'a str]) -> Option<&'a str> {
    let column: String = column.to_lowercase().chars().take(60).collect();
    let scored = known.iter().map(|name| (strsim::jaro_winkler(&column, name), *name));
    let best = scored.max_by(|a, b| a.0.total_cmp(&b.0));
    best.filter(|(score, _)| *score > 0.8).map(|(_, name)| name)
}

/// A list cell of another shop's export: separated by plain commas.
pub fn comma_list(cell: &str) -> Vec<String> {
    let mut items: Vec<String> = split_list(cell);
    items.retain(|item| !item.is_empty());
    items
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn renames_are_read_from_the_last_equals_sign() {
        let rename = Rename::parse("a=b=attr.c").unwrap();
        assert_eq!((rename.from(), rename.to()), ("a=b", Some("attr.c")));
        assert_eq!(Rename::parse("currency=-").unwrap().to(), None);
        assert!(Rename::parse("x").is_err() && Rename::parse("=x").is_err() && Rename::parse("x=").is_err());
    }

    #[test]
    fn unknown_columns_are_named_with_the_nearest() {
        let message = unknown(&["prise", "zzz"], &["price", "name"]);
        assert!(message.contains("\"prise\" (did you mean \"price\"?)") && message.contains("--map"), "{message}");
    }
}
