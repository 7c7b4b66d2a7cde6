//! `flaskscale logs`: what the instances of a deployment write.

use std::{
    io::{self, ErrorKind, Write},
    process::ExitCode,
    time::Duration,
};

use anstream::adapter::strip_str;
use control_plane::deployment::{News, Output, OutputError, OutputLine};
use tokio::time::sleep;

use super::stop_asked;
use crate::{deploy::File, failure::Failure, logs};

/// The flags of `logs`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Of this instance alone
    instance: Option<String>,
    #[command(flatten)]
    file: File,
    /// Go on with what is new, until Ctrl-C
    #[arg(short, long)]
    follow: bool,
    /// How far back: a number with s, m, h or d, at most 30d
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = span)]
    since: Duration,
    /// A line of JSON for each line
    #[arg(long)]
    json: bool,
}

/// Logging answers sixty reads a minute for the whole project.
const LOOK_EVERY: Duration = Duration::from_secs(3);

pub(super) async fn run(args: Args) -> Result<ExitCode, Failure> {
    logs::start("warn");
    let stop = stop_asked()?;
    let target = args.file.open()?;
    let back_ms = i64::try_from(args.since.as_millis()).unwrap_or(i64::MAX);
    let mut output = Output::new(target.name(), args.instance.clone(), back_ms);
    let tell = async {
        loop {
            let news = output.read(&target.client).await.map_err(explain)?;
            note_cut(&news);
            let has_reader = write(&news.lines, args.json)?;
            if !has_reader {
                return Ok(());
            }
            if !args.follow {
                return write(&output.rest(), args.json).map(drop);
            }
            sleep(LOOK_EVERY).await;
        }
    };
    tokio::select! {
        told = tell => told.map(|()| ExitCode::SUCCESS),
        () = stop => Ok(ExitCode::SUCCESS),
    }
}

fn explain(error: OutputError) -> Failure {
    match error {
        OutputError::UnknownInstance { .. } => Failure::input(error.to_string()),
        OutputError::Cloud(_) => Failure::broken_because("cannot read the logs", &error),
    }
}

fn note_cut(news: &News) {
    if news.is_cut {
        tracing::warn!(
            "there is more than is shown: the oldest lines are left out; a shorter --since shows all of it"
        );
    }
}

/// Whether somebody still reads: `head` has enough at some time, which is no failure.
fn write(lines: &[OutputLine], json: bool) -> Result<bool, Failure> {
    match try_write(lines, json) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(Failure::broken_because("cannot write", &error)),
    }
}

fn try_write(lines: &[OutputLine], json: bool) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    for line in lines {
        if json {
            serde_json::to_writer(&mut stdout, line)?;
            writeln!(stdout)?;
        } else {
            writeln!(stdout, "{}", printable(&line.to_string()))?;
        }
    }
    stdout.flush()
}

/// What an app writes is not ours: it must not move the cursor or change the colours of a terminal.
fn printable(line: &str) -> String {
    let line = strip_str(line).to_string();
    let shown = |char: char| {
        if char.is_control() && char != '\t' {
            char::REPLACEMENT_CHARACTER
        } else {
            char
        }
    };
    line.chars().map(shown).collect()
}

/// At most the 30 days that Logging keeps.
fn span(text: &str) -> Result<Duration, String> {
    let wrong = || "it must be a whole number from 1 with s, m, h or d, at most 30d".to_owned();
    let (count, unit) = text
        .split_at_checked(text.len().saturating_sub(1))
        .ok_or_else(wrong)?;
    let unit = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return Err(wrong()),
    };
    let count: u64 = count.parse().map_err(|_| wrong())?;
    let seconds = count.checked_mul(unit);
    let seconds = seconds.filter(|seconds| (1..=30 * 86_400).contains(seconds));
    seconds.map(Duration::from_secs).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_number_and_a_unit() {
        assert_eq!(span("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(span("2h"), Ok(Duration::from_hours(2)));
        for wrong in [
            "",
            "5",
            "h",
            "0m",
            "31d",
            "-1h",
            "1 h",
            "1.5h",
            "5µ",
            "99999999999999999999d",
        ] {
            assert!(span(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_an_app_writes_does_not_reach_the_terminal_as_a_command() {
        assert_eq!(printable("a\u{1b}[31mred\tb\u{8}"), "ared\tb");
    }
}
