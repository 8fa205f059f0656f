//! Server-sent events, incrementally: any cut of the bytes gives the same events.

use super::fault::Fault;
use crate::base::limits::MAX_SSE_EVENT;
use memchr::memchr2;

/// Splits a byte stream into events. Lines may end in LF, CRLF or CR; comments are skipped; the space
/// after `data:` is optional; several `data:` lines of one event are joined by a line feed.
#[derive(Debug, Default)]
pub struct Splitter {
    /// The line under way.
    line: Vec<u8>,
    event: Vec<u8>,
    data: Vec<u8>,
    has_data: bool,
    /// The last byte was a CR: a following LF belongs to it.
    after_cr: bool,
}

impl Splitter {
    /// Takes bytes; calls `on` with the name (often empty) and the data of each event that is complete.
    ///
    /// # Errors
    /// What `on` returns, or a fault where an event is longer than [`MAX_SSE_EVENT`] or its name is not text.
    pub fn feed(
        &mut self,
        mut chunk: &[u8],
        mut on: impl FnMut(&str, &[u8]) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        if self.after_cr && !chunk.is_empty() {
            self.after_cr = false;
            chunk = chunk.strip_prefix(b"\n").unwrap_or(chunk);
        }
        while let Some(at) = memchr2(b'\n', b'\r', chunk) {
            let (head, tail) = chunk.split_at(at);
            let (ending, mut rest) = tail.split_at(1);
            if ending == b"\r" {
                match rest.split_first() {
                    Some((b'\n', after)) => rest = after,
                    Some(_) => {}
                    None => self.after_cr = true,
                }
            }
            if self.line.is_empty() {
                self.take_line(head, &mut on)?;
            } else {
                let mut line = std::mem::take(&mut self.line);
                line.extend_from_slice(head);
                let taken = self.take_line(&line, &mut on);
                line.clear();
                self.line = line;
                taken?;
            }
            chunk = rest;
        }
        self.line.extend_from_slice(chunk);
        self.check_size()
    }

    /// The stream has ended: an event without its blank line counts as complete.
    ///
    /// # Errors
    /// As [`Splitter::feed`].
    pub fn end(&mut self, mut on: impl FnMut(&str, &[u8]) -> Result<(), Fault>) -> Result<(), Fault> {
        let line = std::mem::take(&mut self.line);
        if !line.is_empty() {
            self.take_line(&line, &mut on)?;
        }
        self.take_line(b"", &mut on)
    }

    fn check_size(&self) -> Result<(), Fault> {
        if self.line.len() + self.data.len() > MAX_SSE_EVENT {
            return Err(Fault::nonsense("the provider sent an event that is too long"));
        }
        Ok(())
    }

    fn take_line(&mut self, line: &[u8], on: &mut impl FnMut(&str, &[u8]) -> Result<(), Fault>) -> Result<(), Fault> {
        if line.is_empty() {
            if !self.has_data {
                self.event.clear();
                return Ok(());
            }
            self.has_data = false;
            let name = std::str::from_utf8(&self.event)
                .map_err(|_| Fault::nonsense("the provider sent an event whose name is not text"))?;
            let given = on(name, &self.data);
            self.event.clear();
            self.data.clear();
            return given;
        }
        let (field, value) = match line.iter().position(|byte| *byte == b':') {
            Some(at) => {
                let (field, rest) = line.split_at(at);
                let value = rest.get(1..).unwrap_or_default();
                (field, value.strip_prefix(b" ").unwrap_or(value))
            }
            None => (line, &b""[..]),
        };
        match field {
            b"data" => {
                if self.has_data {
                    self.data.push(b'\n');
                }
                self.has_data = true;
                self.data.extend_from_slice(value);
                self.check_size()?;
            }
            b"event" => self.event = value.to_vec(),
            _ => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(pieces: &[&[u8]]) -> Vec<(String, String)> {
        let mut splitter = Splitter::default();
        let mut seen = Vec::new();
        let mut on = |name: &str, data: &[u8]| {
            seen.push((name.to_owned(), String::from_utf8_lossy(data).into_owned()));
            Ok(())
        };
        for piece in pieces {
            splitter.feed(piece, &mut on).unwrap();
        }
        splitter.end(&mut on).unwrap();
        seen
    }

    #[test]
    fn every_cut_gives_the_same_events() {
        let text =
            ": hi\r\n\r\nevent: a\r\ndata: {\"x\":\"é\"}\r\n\r\ndata:1\ndata: 2\n\nid: 7\n\ndata: cr\r\rdata: last"
                .as_bytes();
        let whole = events(&[text]);
        let expected = [("a", "{\"x\":\"é\"}"), ("", "1\n2"), ("", "cr"), ("", "last")];
        assert_eq!(whole, expected.map(|(name, data)| (name.to_owned(), data.to_owned())));
        for cut in 0..=text.len() {
            assert_eq!(events(&[&text[..cut], &text[cut..]]), whole, "cut at {cut}");
        }
        let bytes: Vec<&[u8]> = text.chunks(1).collect();
        assert_eq!(events(&bytes), whole);
    }

    #[test]
    fn an_endless_event_is_refused() {
        let mut splitter = Splitter::default();
        let piece = vec![b'x'; 1 << 20];
        let fed = (0..10).try_for_each(|_| splitter.feed(&piece, |_, _| Ok(())));
        assert!(fed.is_err());
    }
}
