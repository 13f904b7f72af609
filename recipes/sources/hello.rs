// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: The Rumpk authors

// Threads, channels and time of Rust's library.
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// Adds up 1 to `n` in `parts`, each by a thread.
fn sum(n: u64, parts: u64) -> u64 {
    let (sender, receiver) = mpsc::channel();
    for part in 0..parts {
        let sender = sender.clone();
        thread::spawn(move || {
            let total: u64 = (part + 1..=n).step_by(parts as usize).sum();
            sender.send(total).expect("somebody receives");
        });
    }
    drop(sender);
    receiver.iter().sum()
}

fn main() {
    let begun = Instant::now();
    thread::sleep(Duration::from_millis(10));
    let slept = begun.elapsed() >= Duration::from_millis(10);
    println!("hello from rust, {} {}", sum(100_000, 8), slept);
}
