//! A terminal of the tests' own: a pseudo-terminal, and a screen that is read from what is written to it.
//!
//! It needs no program that a machine might lack, and it sees the bytes themselves: what a terminal is left like
//! when the screen ends is part of what is tested.

use crate::harness::wait_for;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcgetattr, tcsetwinsize};
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

/// A program in a terminal.
pub(crate) struct Pty {
    keys: File,
    /// The program's end of it; while it is open, the reader waits for more.
    terminal: Option<File>,
    reader: Option<JoinHandle<()>>,
    written: Arc<Mutex<Vec<u8>>>,
    child: Child,
    size: (u16, u16),
}

impl Pty {
    /// Starts a program in a terminal of this many columns and lines.
    pub(crate) fn start(mut command: Command, size: (u16, u16)) -> Self {
        let main = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&main).unwrap();
        unlockpt(&main).unwrap();
        let name = ptsname(&main, Vec::new()).unwrap().into_string().unwrap();
        let terminal = OpenOptions::new().read(true).write(true).open(name).unwrap();
        let keys = File::from(main);
        resize(&keys, size);
        let of = || Stdio::from(terminal.try_clone().unwrap());
        let child = command.stdin(of()).stdout(of()).stderr(of()).spawn().unwrap();
        let written = Arc::new(Mutex::new(Vec::new()));
        let (mut from, to) = (keys.try_clone().unwrap(), Arc::clone(&written));
        // Ends with the terminal itself, when both of its ends are closed.
        let reader = std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = from.read(&mut buffer) {
                to.lock().unwrap().extend_from_slice(&buffer[..count]);
            }
        });
        Self { keys, terminal: Some(terminal), reader: Some(reader), written, child, size }
    }

    pub(crate) fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
    }

    pub(crate) fn resize(&mut self, size: (u16, u16)) {
        self.size = size;
        resize(&self.keys, size);
        // The terminal belongs to no session here, so nobody else tells the program.
        let told = Command::new("kill").args(["-s", "WINCH", &self.child.id().to_string()]).status().unwrap();
        assert!(told.success());
    }

    /// What the terminal shows now.
    pub(crate) fn screen(&self) -> String {
        rendered(&self.written.lock().unwrap(), self.size)
    }

    /// Waits until the terminal shows this, and gives the whole of it.
    pub(crate) fn wait_for(&self, text: &str) -> String {
        wait_for(&format!("{text:?} on the screen:\n{}", self.screen()), || {
            Some(self.screen()).filter(|screen| screen.contains(text))
        })
    }

    pub(crate) fn signal(&self, name: &str) {
        assert!(Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status().unwrap().success());
    }

    /// Waits for the program's end; gives its status and all that was written.
    pub(crate) fn end(mut self) -> (ExitStatus, String) {
        let status = wait_for("the program's end", || self.child.try_wait().unwrap());
        self.terminal = None;
        self.reader.take().expect("it ends once").join().unwrap();
        let written = self.written.lock().unwrap().clone();
        (status, String::from_utf8_lossy(&written).into_owned())
    }

    /// Sends the signal that a window sends when it is shut, and waits for the program's end.
    pub(crate) fn hang_up(mut self) {
        self.signal("HUP");
        wait_for("the program's end", || self.child.try_wait().unwrap());
    }

    /// Whether typed characters are shown and lines are edited by the terminal, as shells expect it.
    pub(crate) fn is_as_shells_expect(&self) -> bool {
        let terminal = self.terminal.as_ref().expect("it is open until the end");
        let modes = tcgetattr(terminal).unwrap().local_modes;
        modes.contains(rustix::termios::LocalModes::ECHO | rustix::termios::LocalModes::ICANON)
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn resize(terminal: &File, (columns, lines): (u16, u16)) {
    let size = Winsize { ws_row: lines, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    tcsetwinsize(terminal, size).unwrap();
}

/// What a terminal shows after these bytes: moves and clearing are followed, colours are passed over.
fn rendered(bytes: &[u8], (columns, lines): (u16, u16)) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut cells = vec![vec![' '; usize::from(columns)]; usize::from(lines)];
    let (mut x, mut y) = (0_usize, 0_usize);
    let mut signs = text.chars();
    while let Some(sign) = signs.next() {
        if sign != '\x1b' {
            if let Some(cell) = cells.get_mut(y).and_then(|line| line.get_mut(x)) {
                *cell = sign;
            }
            x += 1;
            continue;
        }
        if signs.next() != Some('[') {
            continue;
        }
        let mut numbers = String::new();
        let last = signs.by_ref().find(|sign| {
            let is_last = ('@'..='~').contains(sign);
            if !is_last {
                numbers.push(*sign);
            }
            is_last
        });
        match last {
            Some('H') => {
                let mut parts = numbers.split(';').map(|part| part.parse::<usize>().unwrap_or(1) - 1);
                (y, x) = (parts.next().unwrap_or(0), parts.next().unwrap_or(0));
            }
            Some('J') => cells.iter_mut().for_each(|line| line.fill(' ')),
            _ => {}
        }
    }
    cells.iter().map(|line| line.iter().collect::<String>().trim_end().to_owned() + "\n").collect()
}
