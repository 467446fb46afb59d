// Built twice, without and with optimisation: "patterns_rs SECONDS".
fn sum(values: &[u64]) -> u64 {
    let mut total = 0u64;
    for i in 0..values.len() {
        total = total.wrapping_add(values[i].rotate_left((i % 7) as u32));
    }
    values.iter().map(|v| v ^ total).fold(0, |a, b| a.wrapping_add(b))
}

fn main() {
    let seconds: f64 = std::env::args().nth(1).unwrap().parse().unwrap();
    let values: Vec<u64> = (0..10_000).collect();
    let start = std::time::Instant::now();
    let mut total = 0u64;
    while start.elapsed().as_secs_f64() < seconds {
        total = total.wrapping_add(sum(&values));
    }
    std::hint::black_box(total);
}
