//! The baseline: a blocking local socket with MessagePack; and the same socket bare, for long messages.

use std::io::{self, Read, Write};
use std::process::Child;
use std::thread;
use std::time::{Duration, Instant};

use protocol::decode;
use protocol::link::{Endpoint, FrameReader, FrameWriter, Receiver, Sender, pair};

use super::figures::{Effort, Figures, calls};
use super::places::{Places, System};
use crate::{PEER_MODE, RAW_BYTES, Reply, Request};

/// A running peer and the socket to it.
pub struct Baseline {
    reader: FrameReader<Receiver>,
    writer: FrameWriter<Sender>,
    peer: Child,
}

impl Baseline {
    /// Starts the peer.
    ///
    /// # Errors
    /// It does not start.
    pub fn start(places: &Places, system: System) -> io::Result<Self> {
        let (channel, peer) = spawn(places, system, "baseline")?;
        let (reader, writer) = (FrameReader::new(channel.receiver), FrameWriter::new(channel.sender));
        Ok(Self { reader, writer, peer })
    }

    /// One call: 2 + 3.
    ///
    /// # Errors
    /// The peer is gone, or cannot add.
    pub fn add(&mut self) -> io::Result<()> {
        let request = Request { function: 1, arguments: vec![2, 3] };
        self.writer.send(1, &request).map_err(io::Error::other)?;
        let frame = self.reader.receive().map_err(io::Error::other)?;
        let reply: Reply = decode(frame.payload).map_err(io::Error::other)?;
        if reply.result == 5 { Ok(()) } else { Err(io::Error::other("the peer cannot add")) }
    }

    /// Measures calls made at once after one another.
    ///
    /// # Errors
    /// As [`add`](Self::add).
    pub fn measure(&mut self, row: &str, effort: Effort) -> io::Result<Figures> {
        calls(row, effort, |count| (0..count).try_for_each(|_| self.add()))
    }

    /// Measures calls made one a second.
    ///
    /// # Errors
    /// As [`add`](Self::add).
    pub fn measure_sparse(&mut self, row: &str, effort: Effort) -> io::Result<Figures> {
        let mut times = Vec::new();
        for round in 0..effort.sparse + 2 {
            thread::sleep(Duration::from_secs(1));
            let start = Instant::now();
            self.add()?;
            // The first two are not counted.
            if round >= 2 {
                times.push(start.elapsed().as_secs_f64() * 1e6);
            }
        }
        Ok(Figures::of(row, times))
    }
}

impl Drop for Baseline {
    fn drop(&mut self) {
        // Through Wine the peer itself is no child; the socket that closes with this ends it.
        let _ = self.peer.kill();
        let _ = self.peer.wait();
    }
}

/// Measures a message of 1 MiB over the bare socket, every byte of which the peer reads.
///
/// # Errors
/// The peer does not start, or is gone.
pub fn raw(places: &Places, effort: Effort) -> io::Result<Figures> {
    let (mut channel, mut peer) = spawn(places, System::Elf, "raw")?;
    let bytes = vec![1; RAW_BYTES];
    let figures = calls("1 MiB, raw socket", effort, |count| {
        (0..count).try_for_each(|_| {
            channel.sender.write_all(&bytes)?;
            channel.receiver.read_exact(&mut [0])
        })
    });
    drop(channel);
    peer.wait()?;
    figures
}

fn spawn(places: &Places, system: System, mode: &str) -> io::Result<(Endpoint, Child)> {
    let (channel, end) = pair()?;
    // A worker's arguments are its own affair under Wine: the peer is told in another way.
    let peer = places.peer(system).env(PEER_MODE, mode).stdin(end).spawn()?;
    Ok((channel, peer))
}
