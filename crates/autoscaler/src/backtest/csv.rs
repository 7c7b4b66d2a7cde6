//! A trace as a table that a spreadsheet opens.
//!
//! The first line names the columns, in any order:
//!
//! | column | what |
//! |---|---|
//! | `time` | the end of the step: `2026-11-25T14:28:00Z`, or milliseconds since the epoch; required |
//! | `cpu` | the CPU used by all instances together, in fully used instances |
//! | `requests_per_second` | requests to the whole group |
//! | `serving`, `size`, `recommended` | numbers of instances |
//! | a metric type, which has a `/` in it | the group's total of that metric |
//!
//! The first two times give the step. An empty cell is a gap, and so is a line that is left out.

use std::fmt::Write as _;

use super::Trace;
use super::time::{self, Rfc3339};
use super::trace::{MINUTE_S, at};
use crate::Timestamp;

/// No trace from a file has more steps: more than four months of minutes.
pub const MAX_STEPS: usize = 200_000;

/// What is wrong with a table, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {value:?} is not {expected}")]
pub struct CsvFault {
    /// Counted from 1.
    pub line: usize,
    /// The column's name.
    pub column: String,
    /// What stands there.
    pub value: String,
    /// What would be right.
    pub expected: String,
}

const COLUMNS: &str = "time, cpu, requests_per_second, serving, size, recommended or a metric type such as custom.googleapis.com/queue";

#[derive(Clone, Debug, PartialEq)]
enum Column {
    Time,
    Cpu,
    Requests,
    Serving,
    Size,
    Recommended,
    Metric(String),
}

/// Reads a table. Nothing is taken from one with a fault.
pub fn read_csv(text: &str) -> Result<Trace, CsvFault> {
    let mut lines = text
        .trim_start_matches('\u{feff}')
        .lines()
        .enumerate()
        .map(|(index, line)| (index + 1, line.trim()))
        .filter(|(_, line)| !line.is_empty());
    let (line, header) = lines.next().unwrap_or((1, ""));
    let columns = header
        .split(',')
        .map(|name| Column::read(line, name.trim()))
        .collect::<Result<Vec<_>, _>>()?;
    if !columns.contains(&Column::Time) {
        return Err(fault(line, "time", header, "a header with the column time"));
    }
    let mut rows = Vec::new();
    for (line, text) in lines {
        rows.push(Row::read(line, text, &columns)?);
    }
    fill(&rows, &columns)
}

struct Row<'a> {
    line: usize,
    time: Timestamp,
    cells: Vec<&'a str>,
}

impl<'a> Row<'a> {
    fn read(line: usize, text: &'a str, columns: &[Column]) -> Result<Self, CsvFault> {
        let cells: Vec<&str> = text.split(',').map(str::trim).collect();
        if cells.len() != columns.len() {
            let expected = format!("{} cells, as the header has", columns.len());
            return Err(fault(line, "all", text, &expected));
        }
        let cell = columns.iter().position(|column| *column == Column::Time);
        let text = cell.map_or("", |index| cells[index]);
        let time = time::parse(text)
            .or_else(|| text.parse().ok().map(Timestamp))
            .ok_or_else(|| fault(line, "time", text, "a time such as 2026-11-25T14:28:00Z"))?;
        Ok(Self { line, time, cells })
    }
}

fn fill(rows: &[Row<'_>], columns: &[Column]) -> Result<Trace, CsvFault> {
    let step_s = step_of(rows)?;
    let step_ms = i64::from(step_s) * 1000;
    let first = rows.first().map_or(Timestamp(0), |row| row.time);
    let mut trace = Trace::new(Timestamp(first.0.saturating_sub(step_ms)), step_s);
    let mut next = 0;
    for row in rows {
        let text = || Rfc3339(row.time).to_string();
        let since = row.time.0.saturating_sub(first.0);
        let index = usize::try_from(since / step_ms).unwrap_or(usize::MAX);
        if since % step_ms != 0 || index < next {
            let expected = format!("a whole number of steps of {step_s} s after the line before");
            return Err(fault(row.line, "time", &text(), &expected));
        }
        if index >= MAX_STEPS {
            let expected = format!("within {MAX_STEPS} steps of the first");
            return Err(fault(row.line, "time", &text(), &expected));
        }
        next = index + 1;
        for (column, cell) in columns.iter().zip(&row.cells) {
            column.store(&mut trace, index, row.line, cell)?;
        }
    }
    Ok(trace)
}

/// The time between the first two lines; a minute where there is only one.
fn step_of(rows: &[Row<'_>]) -> Result<u32, CsvFault> {
    let [first, second, ..] = rows else {
        return Ok(MINUTE_S);
    };
    let ms = second.time.0.saturating_sub(first.time.0);
    let whole = u32::try_from(ms / 1000)
        .ok()
        .filter(|seconds| *seconds > 0 && ms % 1000 == 0);
    let text = || Rfc3339(second.time).to_string();
    whole.ok_or_else(|| {
        fault(
            second.line,
            "time",
            &text(),
            "whole seconds after the line before",
        )
    })
}

impl Column {
    fn read(line: usize, name: &str) -> Result<Self, CsvFault> {
        Ok(match name {
            "time" => Self::Time,
            "cpu" => Self::Cpu,
            "requests_per_second" => Self::Requests,
            "serving" => Self::Serving,
            "size" => Self::Size,
            "recommended" => Self::Recommended,
            metric if metric.contains('/') => Self::Metric(metric.to_owned()),
            other => return Err(fault(line, other, other, COLUMNS)),
        })
    }

    fn name(&self) -> &str {
        match self {
            Self::Time => "time",
            Self::Cpu => "cpu",
            Self::Requests => "requests_per_second",
            Self::Serving => "serving",
            Self::Size => "size",
            Self::Recommended => "recommended",
            Self::Metric(name) => name,
        }
    }

    fn store(
        &self,
        trace: &mut Trace,
        index: usize,
        line: usize,
        cell: &str,
    ) -> Result<(), CsvFault> {
        match self {
            Self::Time => {}
            Self::Cpu => put(&mut trace.cpu, index, self.number(line, cell)?),
            Self::Requests => put(
                &mut trace.requests_per_second,
                index,
                self.number(line, cell)?,
            ),
            Self::Serving => put(&mut trace.serving, index, self.count(line, cell)?),
            Self::Size => put(&mut trace.size, index, self.count(line, cell)?),
            Self::Recommended => put(&mut trace.recommended, index, self.count(line, cell)?),
            Self::Metric(name) => {
                let value = self.number(line, cell)?;
                put(trace.metrics.entry(name.clone()).or_default(), index, value);
            }
        }
        Ok(())
    }

    fn number(&self, line: usize, cell: &str) -> Result<Option<f64>, CsvFault> {
        let number = |cell: &str| {
            cell.parse()
                .ok()
                .filter(|value: &f64| value.is_finite() && *value >= 0.0)
        };
        self.cell(line, cell, number, "a number of at least 0, or empty")
    }

    fn count(&self, line: usize, cell: &str) -> Result<Option<u32>, CsvFault> {
        self.cell(
            line,
            cell,
            |cell| cell.parse().ok(),
            "a whole number of at least 0, or empty",
        )
    }

    fn cell<T>(
        &self,
        line: usize,
        cell: &str,
        read: impl Fn(&str) -> Option<T>,
        expected: &str,
    ) -> Result<Option<T>, CsvFault> {
        if cell.is_empty() {
            return Ok(None);
        }
        let value = read(cell).ok_or_else(|| fault(line, self.name(), cell, expected))?;
        Ok(Some(value))
    }
}

fn put<T: Copy>(column: &mut Vec<Option<T>>, index: usize, value: Option<T>) {
    column.resize(index, None);
    column.push(value);
}

fn fault(line: usize, column: &str, value: &str, expected: &str) -> CsvFault {
    CsvFault {
        line,
        column: column.to_owned(),
        value: value.to_owned(),
        expected: expected.to_owned(),
    }
}

/// Writes a table that [`read_csv`] reads back to the same trace, but for trailing gaps.
pub fn write_csv(trace: &Trace) -> String {
    let mut text = "time,cpu,requests_per_second,serving,size,recommended".to_owned();
    for name in trace.metrics.keys() {
        text.push(',');
        text.push_str(name);
    }
    text.push('\n');
    for index in 0..trace.len() {
        // Writing to a string cannot fail.
        let _ = write!(text, "{}", Rfc3339(trace.end_of(index)));
        push(&mut text, at(&trace.cpu, index));
        push(&mut text, at(&trace.requests_per_second, index));
        push(&mut text, at(&trace.serving, index));
        push(&mut text, at(&trace.size, index));
        push(&mut text, at(&trace.recommended, index));
        for column in trace.metrics.values() {
            push(&mut text, at(column, index));
        }
        text.push('\n');
    }
    text
}

fn push<T: std::fmt::Display>(text: &mut String, cell: Option<T>) {
    text.push(',');
    if let Some(cell) = cell {
        let _ = write!(text, "{cell}");
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    const TABLE: &str = "time,size,cpu,custom.googleapis.com/queue\n\
        2026-11-24T14:01:00Z,2,0.5,\n\
        2026-11-24T14:02:00Z,,1.25,7\n\
        2026-11-24T14:04:00Z,3,,\n";

    #[test]
    fn a_table_is_read_with_its_gaps() {
        let trace = read_csv(TABLE).unwrap();
        assert_eq!((trace.step_s, trace.len()), (60, 4));
        assert_eq!(Rfc3339(trace.start).to_string(), "2026-11-24T14:00:00Z");
        assert_eq!(trace.cpu, [Some(0.5), Some(1.25), None, None]);
        assert_eq!(trace.size, [Some(2), None, None, Some(3)]);
        assert_eq!(
            trace.metrics["custom.googleapis.com/queue"],
            [None, Some(7.0), None, None]
        );
    }

    #[test]
    fn what_is_written_is_read_back() {
        let mut trace = read_csv(TABLE).unwrap();
        trace.cpu[2] = Some(0.1 + 0.2);
        assert_eq!(read_csv(&write_csv(&trace)).unwrap().cpu, trace.cpu);
        let minutes = "time,cpu\n60000,1\n120000,2\n";
        assert_eq!(read_csv(minutes).unwrap().start, Timestamp(0));
        assert!(read_csv("time,cpu\n").unwrap().is_empty());
    }

    #[test]
    fn a_fault_is_named_with_line_column_value_and_range() {
        let cases = [
            (
                "cpu\n1\n",
                "line 1, column time: \"cpu\" is not a header with the column time",
            ),
            (
                "time,cpus\n",
                "line 1, column cpus: \"cpus\" is not time, cpu, ",
            ),
            (
                "time,cpu\n0,-1\n",
                "line 2, column cpu: \"-1\" is not a number of at least 0, or empty",
            ),
            (
                "time,cpu\n0,NaN\n",
                "line 2, column cpu: \"NaN\" is not a number",
            ),
            (
                "time,size\n0,1.5\n",
                "line 2, column size: \"1.5\" is not a whole number of at least 0, or empty",
            ),
            (
                "time,cpu\nnoon,1\n",
                "line 2, column time: \"noon\" is not a time such as",
            ),
            (
                "time,cpu\n0,1,2\n",
                "line 2, column all: \"0,1,2\" is not 2 cells, as the header has",
            ),
            (
                "time,cpu\n60000,1\n\n60000,1\n",
                "line 4, column time: \"1970-01-01T00:01:00Z\" is not whole seconds",
            ),
            (
                "time,cpu\n0,1\n60000,1\n90000,1\n",
                "line 4, column time: \"1970-01-01T00:01:30Z\" is not a whole number of steps",
            ),
            (
                "time,cpu\n0,1\n60000,1\n60000000000000,1\n",
                "line 4, column time: \"3871-",
            ),
        ];
        for (table, expected) in cases {
            let fault = read_csv(table).unwrap_err().to_string();
            assert!(fault.starts_with(expected), "{fault}");
        }
    }
}
