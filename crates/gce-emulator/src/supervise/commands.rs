//! The emulator's end of standard input, cut into commands.

use std::io;

use nix::errno::Errno;

use super::protocol::Command;

#[derive(Debug, Default)]
pub(super) struct Commands {
    rest: Vec<u8>,
}

impl Commands {
    /// The commands that arrived; `None` at the end of the pipe. Call it when there is something
    /// to read.
    pub(super) fn read(&mut self) -> Option<Vec<Command>> {
        let mut buffer = [0; 4096];
        match nix::unistd::read(io::stdin(), &mut buffer) {
            Ok(length @ 1..) => self.rest.extend_from_slice(&buffer[..length]),
            Err(Errno::EINTR | Errno::EAGAIN) => {}
            Ok(0) | Err(_) => return None,
        }
        Some(self.whole_lines())
    }

    fn whole_lines(&mut self) -> Vec<Command> {
        let newline = self.rest.iter().rposition(|byte| *byte == b'\n');
        let lines: Vec<u8> = self.rest.drain(..newline.map_or(0, |at| at + 1)).collect();
        let lines = lines.split(|byte| *byte == b'\n');
        lines
            .filter_map(|line| serde_json::from_slice(line).ok())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_may_arrive_in_pieces() {
        let mut commands = Commands::default();
        commands.rest.extend(br#"{"order":"ki"#);
        assert_eq!(commands.whole_lines(), []);
        commands.rest.extend(b"ll\"}\n{\"order\":\"stop_side\"}\n{");
        assert_eq!(commands.whole_lines(), [Command::Kill, Command::StopSide]);
        assert_eq!(commands.rest, b"{");
    }
}
