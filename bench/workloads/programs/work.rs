// Hash maps, trees, strings, formatting, sorting, reference counts, threads and channels.
use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;
use std::sync::{mpsc, Arc, Mutex};
use std::time::{Duration, Instant};

fn collections(round: u64) -> usize {
    let mut counts: HashMap<String, Vec<u64>> = HashMap::new();
    for i in 0..30000u64 {
        counts.entry(format!("key{}", (i * 7919 + round) % 5000)).or_default().push(i);
    }
    let sorted: BTreeMap<_, _> = counts.iter().map(|(k, v)| (k.clone(), v.len())).collect();
    let mut text = String::new();
    for (k, v) in &sorted {
        write!(text, "{k}={v};").unwrap();
    }
    let mut words: Vec<&str> = text.split(';').collect();
    words.sort_by(|a, b| b.cmp(a));
    words.iter().filter_map(|w| w.split_once('=')).filter_map(|(_, v)| v.parse::<usize>().ok()).sum()
}

fn threads() -> u64 {
    let (send, receive) = mpsc::channel();
    let total = Arc::new(Mutex::new(0u64));
    let workers: Vec<_> = (0..3)
        .map(|w| {
            let (send, total) = (send.clone(), Arc::clone(&total));
            std::thread::spawn(move || {
                for i in 0..3000u64 {
                    send.send(Box::new(i + w)).unwrap();
                    *total.lock().unwrap() += 1;
                }
            })
        })
        .collect();
    drop(send);
    let sum: u64 = receive.iter().map(|b| *b).sum();
    for worker in workers {
        worker.join().unwrap();
    }
    let n = *total.lock().unwrap();
    sum + n
}

fn main() {
    let seconds = std::env::args().nth(1).and_then(|s| s.parse().ok()).unwrap_or(3);
    let end = Instant::now() + Duration::from_secs(seconds);
    let (mut sum, mut round) = (0u64, 0u64);
    while Instant::now() < end {
        sum += collections(round) as u64 + threads();
        round += 1;
    }
    println!("{sum}");
}
