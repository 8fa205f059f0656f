use super::*;

/// Written by botocore 1.44.5.
const FRAMES: [&str; 3] = [
    "0000009400000057b4ab9aee0b3a6576656e742d74797065070011636f6e74656e74426c6f636b44656c74610d3a636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e0d3a6d6573736167652d747970650700056576656e747b22636f6e74656e74426c6f636b496e646578223a302c2264656c7461223a7b2274657874223a22c3a9227d7dafef29d2",
    "0000008800000061de0175f40f3a657863657074696f6e2d747970650700137468726f74746c696e67457863657074696f6e0d3a636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e0d3a6d6573736167652d74797065070009657863657074696f6e7b226d657373616765223a22736c6f7720646f776e227d832ee072",
    "000000760000005296d5fade0b3a6576656e742d7479706507000c6d65737361676553746172740d3a636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e0d3a6d6573736167652d747970650700056576656e747b22726f6c65223a22617373697374616e74227d6fa8c599",
];

fn unhex(hex: &str) -> Vec<u8> {
    let digit = |byte: u8| u8::try_from(char::from(byte).to_digit(16).unwrap()).unwrap();
    hex.as_bytes().chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}

fn stream() -> Vec<u8> {
    FRAMES.iter().flat_map(|hex| unhex(hex)).collect()
}

fn decoded<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Result<Vec<String>, Fault> {
    let mut decoder = Decoder::default();
    let mut seen = Vec::new();
    for piece in pieces {
        decoder.feed(piece, |frame| {
            let kind = frame.text(":event-type").or_else(|| frame.text(":exception-type")).unwrap_or_default();
            let payload = std::str::from_utf8(frame.payload).unwrap();
            seen.push(format!("{} {kind} {payload}", frame.text(":message-type").unwrap()));
            Ok(())
        })?;
    }
    assert!(!decoder.is_amid(), "something is left over");
    Ok(seen)
}

#[test]
fn every_cut_gives_the_messages_of_botocore() {
    let bytes = stream();
    let expected = [
        "event contentBlockDelta {\"contentBlockIndex\":0,\"delta\":{\"text\":\"é\"}}",
        "exception throttlingException {\"message\":\"slow down\"}",
        "event messageStart {\"role\":\"assistant\"}",
    ];
    for cut in 0..=bytes.len() {
        let (head, tail) = bytes.split_at(cut);
        assert_eq!(decoded([head, tail]).unwrap(), expected, "cut at {cut}");
    }
    for size in [1, 3, 11, 13, 150] {
        assert_eq!(decoded(bytes.chunks(size)).unwrap(), expected, "in pieces of {size}");
    }
}

#[test]
fn no_byte_can_be_changed_unnoticed() {
    let bytes = stream();
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1 << bit;
            let mut decoder = Decoder::default();
            let fed = decoder.feed(&damaged, |_| Ok(()));
            assert!(fed.is_err(), "byte {at}, bit {bit}");
        }
    }
}

/// A message with these header bytes.
pub(in crate::wire) fn message(headers: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for number in [OVERHEAD + headers.len() + payload.len(), headers.len()] {
        bytes.extend_from_slice(&u32::try_from(number).unwrap().to_be_bytes());
    }
    bytes.extend_from_slice(&crc32fast::hash(&bytes).to_be_bytes());
    bytes.extend_from_slice(headers);
    bytes.extend_from_slice(payload);
    bytes.extend_from_slice(&crc32fast::hash(&bytes).to_be_bytes());
    bytes
}

fn fed(bytes: &[u8]) -> Result<usize, Fault> {
    let mut seen = 0;
    Decoder::default().feed(bytes, |_| {
        seen += 1;
        Ok(())
    })?;
    Ok(seen)
}

#[test]
fn headers_of_every_type_are_stepped_over() {
    let mut headers = Vec::new();
    for (kind, value) in [
        (0, &b""[..]),
        (1, b""),
        (2, b"1"),
        (3, b"12"),
        (4, b"1234"),
        (5, b"12345678"),
        (6, b"\0\x02xy"),
        (8, b"12345678"),
        (9, b"1234567890123456"),
    ] {
        headers.extend_from_slice(&[1, b'a' + kind, kind]);
        headers.extend_from_slice(value);
    }
    headers.extend_from_slice(b"\x01z\x07\0\x02hi");
    let bytes = message(&headers, b"p");
    let mut seen = None;
    let on = |frame: Frame<'_>| {
        seen = Some((frame.text("z").map(str::to_owned), frame.text("g").map(str::to_owned), frame.payload.to_vec()));
        Ok(())
    };
    Decoder::default().feed(&bytes, on).unwrap();
    assert_eq!(seen, Some((Some("hi".to_owned()), None, b"p".to_vec())));
}

#[test]
fn hostile_messages_are_refused() {
    assert_eq!(fed(&message(b"", b"")).unwrap(), 1, "nothing at all is a message");
    assert!(fed(&message(b"\x01a\x00\x01a\x01", b"")).is_err(), "the same name twice");
    assert!(fed(&message(b"\x01a\x0a", b"")).is_err(), "a type that there is not");
    assert!(fed(&message(b"\x01a\x07\xff\xff", b"")).is_err(), "a text longer than the headers");
    assert!(fed(&message(b"\xff", b"")).is_err(), "a name longer than the headers");
    let prelude = |total: u32, headers: u32| {
        let mut bytes = [total.to_be_bytes(), headers.to_be_bytes()].concat();
        bytes.extend_from_slice(&crc32fast::hash(&bytes).to_be_bytes());
        bytes
    };
    for (total, headers) in [(u32::MAX, 0), (0, 0), (15, 0), (16, 1), (200_000, 150_000), (16, u32::MAX)] {
        assert!(fed(&prelude(total, headers)).is_err(), "{total} {headers}");
    }
    let largest = u32::try_from(MAX_FRAME).unwrap();
    assert_eq!(fed(&prelude(largest, 0)).unwrap(), 0, "the largest message is waited for");
}
