//! How well search answers questions in people's own words:
//!
//! ```sh
//! cargo run --release -p oscal-documents --example search-quality -- FOLDER
//! ```
//!
//! `FOLDER` holds OSCAL documents, NIST SP 800-53 rev 5 among them. Prints for each half of
//! `questions.tsv` how often an acceptable control comes first, and how often it is among the first
//! five, then the slowest searches, the time to load and the memory. `--misses` also lists the
//! questions of the tuning half that are not answered by the first hit.
#![expect(clippy::print_stdout, reason = "prints its result")]

mod quality;

use std::path::Path;
use std::time::{Duration, Instant};
use std::{env, error::Error, fs};

use oscal_documents::{Library, LibraryView, Limits, Query};

use crate::quality::{Half, Question, SCOPES, answers, questions};

/// How often each search is timed.
const ROUNDS: u32 = 20;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments: Vec<String> = env::args().skip(1).collect();
    let misses = arguments.iter().any(|argument| argument == "--misses");
    arguments.retain(|argument| argument != "--misses");
    let folder = arguments.first().ok_or("name a folder of documents")?;

    let before = memory();
    let start = Instant::now();
    let library = Library::load(&[], Some(Path::new(folder)), Limits::default())?;
    let took = start.elapsed();
    let view = library.view(|_| true);
    println!(
        "{} documents in {took:.2?}, {} KB\n",
        view.documents().len(),
        memory().saturating_sub(before)
    );

    let questions = questions();
    println!("| where | searched | half | questions | first | first five |");
    println!("|---|---|---|---:|---:|---:|");
    for scope in SCOPES {
        let Some(document) = scope.document(&view) else {
            continue;
        };
        for (within, document) in [("it", Some(document)), ("everything", None)] {
            for half in [Half::Tune, Half::HeldOut, Half::After] {
                let asked: Vec<&Question> = questions
                    .iter()
                    .filter(|question| question.scope == scope.name && question.half == half)
                    .collect();
                if asked.is_empty() {
                    continue;
                }
                let places: Vec<_> = asked
                    .iter()
                    .map(|question| question.place(&view, document))
                    .collect();
                let share = |limit: usize| {
                    let good = places.iter().flatten().filter(|place| **place < limit);
                    100.0 * good.count() as f64 / asked.len() as f64
                };
                println!(
                    "| {} | {within} | {half} | {} | {:.1} % | {:.1} % |",
                    scope.name,
                    asked.len(),
                    share(1),
                    share(5)
                );
                if misses && half == Half::Tune {
                    let missed = asked
                        .iter()
                        .zip(&places)
                        .filter(|(_, place)| **place != Some(0));
                    for (question, place) in missed {
                        let found = answers(&view, document, &question.text);
                        let place = place.map_or("-".to_owned(), |place| (place + 1).to_string());
                        println!(
                            "    {place:>3} {}: {:?}; right: {:?}",
                            question.text,
                            found.get(..5),
                            question.ids
                        );
                    }
                }
            }
        }
    }
    println!(
        "\nSlowest searches in everything, processor time (mean of {ROUNDS}) and shortest time:"
    );
    for (taken, shortest, text) in slowest(&view, &questions).iter().take(5) {
        println!("{taken:.2?}, {shortest:.2?}: {text}");
    }
    Ok(())
}

/// The processor time that each question takes, and the shortest time that one took, longest first.
fn slowest<'q>(
    view: &LibraryView<'_>,
    questions: &'q [Question],
) -> Vec<(Duration, Duration, &'q str)> {
    let mut times: Vec<_> = questions
        .iter()
        .map(|question| {
            let before = processor_time();
            let rounds = (0..ROUNDS).map(|_| {
                let start = Instant::now();
                view.search(&Query {
                    text: &question.text,
                    ..Query::default()
                });
                start.elapsed()
            });
            let shortest = rounds.min().unwrap_or_default();
            let taken = processor_time().saturating_sub(before) / ROUNDS;
            (taken, shortest, &*question.text)
        })
        .collect();
    times.sort_unstable_by(|a, b| b.cmp(a));
    times
}

/// The processor time of this thread, which other processes hardly influence. Linux only.
fn processor_time() -> Duration {
    // Yielding makes the kernel bring the figure up to date.
    std::thread::yield_now();
    let stat = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = stat.split(' ').next().and_then(|first| first.parse().ok());
    Duration::from_nanos(nanoseconds.unwrap_or(0))
}

/// The resident memory of this process, in kilobytes.
fn memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().nth(1));
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}
