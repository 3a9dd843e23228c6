//! The other side of the floor, the baseline and the raw socket.

use std::io::{self, Read, Write};
use std::process::ExitCode;
use std::sync::atomic::Ordering;

use bench::{FLOOR_BYTES, FLOOR_END, FLOOR_WORDS, PEER_MODE, RAW_BYTES, Reply, Request};
use protocol::decode;
use protocol::link::{Endpoint, FrameReader, FrameWriter, Memory, REPLY, Ticket, inherit};

fn main() -> ExitCode {
    let path = std::env::args().nth(1);
    let mode = std::env::var(PEER_MODE).unwrap_or_default();
    let served = match (mode.as_str(), path) {
        ("floor", Some(path)) => floor(&path),
        ("baseline", None) => inherit().and_then(baseline),
        ("raw", None) => inherit().and_then(raw),
        _ => Err(io::Error::other("it is run by cargo xtask bench")),
    };
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("peer: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Gives each number back that the host writes.
fn floor(path: &str) -> io::Result<()> {
    let view = Memory::open(&Ticket::Path(path.to_owned()), FLOOR_BYTES)?.map(0, FLOOR_BYTES)?;
    let [asked, answered] = FLOOR_WORDS.map(|index| &view.words()[index]);
    let mut expected = 1;
    loop {
        match asked.load(Ordering::Acquire) {
            FLOOR_END => return Ok(()),
            number if number == expected => {
                answered.store(number, Ordering::Release);
                expected += 1;
            }
            _ => std::hint::spin_loop(),
        }
    }
}

/// Adds up what each request holds.
fn baseline(channel: Endpoint) -> io::Result<()> {
    let (mut reader, mut writer) = (FrameReader::new(channel.receiver), FrameWriter::new(channel.sender));
    while let Ok(frame) = reader.receive() {
        let request: Request = decode(frame.payload).map_err(io::Error::other)?;
        writer.send(REPLY, &Reply { result: request.arguments.iter().sum() }).map_err(io::Error::other)?;
    }
    Ok(())
}

/// Reads messages of one size, every byte of them, and answers each with the low byte of their sum.
fn raw(mut channel: Endpoint) -> io::Result<()> {
    let mut bytes = vec![0; RAW_BYTES];
    while channel.receiver.read_exact(&mut bytes).is_ok() {
        let (words, _) = bytes.as_chunks::<8>();
        let sum = words.iter().fold(0u64, |sum, word| sum.wrapping_add(u64::from_le_bytes(*word)));
        channel.sender.write_all(&[sum as u8])?;
    }
    Ok(())
}
