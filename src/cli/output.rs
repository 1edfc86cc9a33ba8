//! What commands share in how they print: progress on a terminal, numbers, tables.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::time::Duration;

/// Work that is done sooner shows no bar.
const PATIENCE: Duration = Duration::from_secs(1);

/// A bar on the terminal for work of `total` steps that takes longer than a second.
pub(super) fn progress(total: u64) -> ProgressBar {
    styled(total, "{bar:30} {pos}/{len} {per_sec} {eta}")
}

/// A bar for reading a file of so many bytes; the message tells what has come of them.
pub(super) fn file_progress(bytes: u64) -> ProgressBar {
    if bytes == 0 { styled(0, "{spinner} {msg}") } else { styled(bytes, "{bar:30} {percent}% {msg}") }
}

fn styled(total: u64, template: &str) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::hidden());
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    let later = bar.downgrade();
    // Detached on purpose: it holds no more than a weak reference and ends by itself.
    drop(std::thread::spawn(move || {
        std::thread::sleep(PATIENCE);
        if let Some(bar) = later.upgrade().filter(|bar| !bar.is_finished()) {
            bar.set_draw_target(ProgressDrawTarget::stderr());
        }
    }));
    bar
}

/// A number with its thousands set apart.
pub(super) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A size in the unit that fits.
pub(super) fn bytes(size: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    let (mut unit, mut whole, mut rest) = (None, size, 0);
    for name in UNITS {
        if whole < 1024 {
            break;
        }
        (rest, whole, unit) = (whole % 1024 * 10 / 1024, whole / 1024, Some(name));
    }
    match unit {
        Some(unit) => format!("{whole}.{rest} {unit}"),
        None => format!("{size} bytes"),
    }
}

/// A time in the two units that matter most.
pub(super) fn span(seconds: u64) -> String {
    let units = [("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1)];
    let first = units.iter().position(|(_, length)| seconds >= *length).unwrap_or(units.len() - 1);
    let mut left = seconds;
    let mut parts = Vec::new();
    for (name, length) in units.iter().skip(first).take(2) {
        let number = left / length;
        left %= length;
        if number > 0 || parts.is_empty() {
            parts.push(format!("{number} {name}{}", if number == 1 { "" } else { "s" }));
        }
    }
    parts.join(" ")
}

/// How long something is past.
pub(super) fn ago(seconds: u64) -> String {
    format!("{} ago", span(seconds))
}

/// How many a second.
pub(super) fn rate(rows: u64, took: Duration) -> u64 {
    let ms = took.as_millis().max(1);
    u64::try_from(u128::from(rows) * 1000 / ms).unwrap_or(u64::MAX)
}

/// Rows in columns as wide as their widest cell.
pub(super) fn table(header: &[&str], rows: &[Vec<String>]) -> String {
    let mut widths: Vec<usize> = header.iter().map(|h| h.chars().count()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = String::new();
    let header = header.iter().map(|h| (*h).to_owned()).collect();
    for row in std::iter::once(&header).chain(rows) {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_tables_are_readable() {
        assert_eq!([count(0), count(999), count(1000), count(1_234_567)], ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([bytes(0), bytes(1_536), bytes(5 << 30)], ["0 bytes", "1.5 KiB", "5.0 GiB"]);
        assert_eq!([span(0), span(61), span(90_000)], ["0 seconds", "1 minute 1 second", "1 day 1 hour"]);
        assert_eq!([span(86_400), ago(7_200)], ["1 day", "2 hours ago"]);
        assert_eq!(rate(500, Duration::from_millis(250)), 2000);
        let rows = [vec!["1".to_owned(), "größe.csv".to_owned()]];
        assert_eq!(table(&["id", "file"], &rows), "id  file\n1   größe.csv\n");
    }
}
