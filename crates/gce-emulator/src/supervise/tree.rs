//! Who descends from whom, as `/proc` tells it.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
};

/// One line of `/proc/PID/stat`: what we need of it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Stat {
    pub(super) pid: i32,
    pub(super) parent: i32,
    /// Clock ticks after boot. Together with the pid it names a process for good.
    pub(super) started: u64,
    /// CPU ticks of the process itself.
    pub(super) own_ticks: u64,
    /// CPU ticks of the children that it has waited for, and of theirs.
    pub(super) children_ticks: u64,
}

impl Stat {
    pub(super) fn read(pid: i32) -> Option<Self> {
        Self::parse(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
    }

    fn parse(line: &str) -> Option<Self> {
        // The name stands in parentheses and may hold anything, also a closing one.
        let (head, tail) = line.rsplit_once(')')?;
        let fields: Vec<&str> = tail.split_whitespace().collect();
        let number = |index: usize| fields.get(index)?.parse::<u64>().ok();
        Some(Self {
            pid: head.split_once(' ')?.0.parse().ok()?,
            parent: fields.get(1)?.parse().ok()?,
            own_ticks: number(11)? + number(12)?,
            children_ticks: number(13)? + number(14)?,
            started: number(19)?,
        })
    }
}

/// All descendants of a process, parents before children. Exact, and costs a look at every process
/// of the machine.
pub(super) fn descendants(root: i32) -> Vec<Stat> {
    let mut children: HashMap<i32, Vec<Stat>> = HashMap::new();
    for stat in all_pids().into_iter().filter_map(Stat::read) {
        children.entry(stat.parent).or_default().push(stat);
    }
    let mut found = children.remove(&root).unwrap_or_default();
    let mut next = 0;
    while let Some(parent) = found.get(next) {
        let pid = parent.pid;
        found.extend(children.remove(&pid).unwrap_or_default());
        next += 1;
    }
    found
}

/// Like [`descendants`], at the price of the descendants alone: the kernel's own lists of children.
/// The lists are not exact while processes come and go, which is good enough for a measurement
/// that is repeated, not for a kill.
pub(super) fn descendants_at_a_glance(root: i32) -> Vec<Stat> {
    let Some(first) = children_of(root) else {
        return descendants(root);
    };
    let mut found: Vec<Stat> = first.into_iter().filter_map(Stat::read).collect();
    let mut next = 0;
    while let Some(parent) = found.get(next) {
        let children = children_of(parent.pid).unwrap_or_default();
        found.extend(children.into_iter().filter_map(Stat::read));
        next += 1;
    }
    found
}

/// `None` where the kernel keeps no lists of children.
fn children_of(pid: i32) -> Option<Vec<i32>> {
    let mut children = Vec::new();
    for thread in entries(Path::new(&format!("/proc/{pid}/task"))) {
        let list = fs::read_to_string(thread.join("children"));
        // A thread may have ended meanwhile; a kernel without lists fails for living ones too.
        match list {
            Ok(list) => children.extend(
                list.split_whitespace()
                    .filter_map(|pid| pid.parse::<i32>().ok()),
            ),
            Err(_) if thread.exists() => return None,
            Err(_) => {}
        }
    }
    Some(children)
}

fn all_pids() -> Vec<i32> {
    let names = entries(Path::new("/proc"));
    names
        .iter()
        .filter_map(|path| path.file_name()?.to_str()?.parse().ok())
        .collect()
}

fn entries(dir: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(dir) else {
        return Vec::new();
    };
    entries.flatten().map(|entry| entry.path()).collect()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests fail by panicking")]
    use super::*;

    #[test]
    fn a_name_with_parentheses_and_spaces_is_no_trap() {
        let line = "42 (a) b (c)) S 7 42 42 0 -1 4194560 100 0 0 0 11 12 13 14 20 0 1 0 5555 1 2";
        let expected = Stat {
            pid: 42,
            parent: 7,
            started: 5555,
            own_ticks: 23,
            children_ticks: 27,
        };
        assert_eq!(Stat::parse(line).unwrap(), expected);
    }

    #[test]
    fn both_ways_find_a_grandchild() {
        let mut child = std::process::Command::new("sh")
            .args(["-c", "sleep 600 & echo $!; wait"])
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let output = child.stdout.take().unwrap();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(output), &mut line).unwrap();
        let grandchild: i32 = line.trim().parse().unwrap();
        let root = std::process::id() as i32;
        for found in [descendants(root), descendants_at_a_glance(root)] {
            assert!(found.iter().any(|stat| stat.pid == grandchild));
            assert!(found.iter().any(|stat| stat.pid == child.id() as i32));
        }
        std::process::Command::new("kill")
            .arg(line.trim())
            .status()
            .unwrap();
        child.wait().unwrap();
    }
}
