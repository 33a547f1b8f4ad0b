//! Many calls at once, never more than a bound, first error wins.

use std::future::Future;

use tokio::task::JoinSet;

/// Runs `work` for every item, at most `limit` at once, and gives the results in the order of the items.
///
/// # Errors
/// The first error; what still runs is cancelled.
pub async fn for_each<I, T, E, W, F>(limit: usize, items: I, work: W) -> Result<Vec<T>, E>
where
    I: IntoIterator,
    W: Fn(I::Item) -> F,
    F: Future<Output = Result<T, E>> + Send + 'static,
    T: Send + 'static,
    E: Send + 'static,
{
    let mut running = JoinSet::new();
    let mut done: Vec<(usize, T)> = Vec::new();
    for (index, item) in items.into_iter().enumerate() {
        if running.len() >= limit.max(1)
            && let Some(joined) = running.join_next().await
        {
            collect(joined, &mut done)?;
        }
        let future = work(item);
        running.spawn(async move { (index, future.await) });
    }
    while let Some(joined) = running.join_next().await {
        collect(joined, &mut done)?;
    }
    done.sort_by_key(|(index, _)| *index);
    Ok(done.into_iter().map(|(_, value)| value).collect())
}

fn collect<T, E>(
    joined: Result<(usize, Result<T, E>), tokio::task::JoinError>,
    done: &mut Vec<(usize, T)>,
) -> Result<(), E> {
    match joined {
        Ok((index, result)) => {
            done.push((index, result?));
            Ok(())
        }
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // Only the set itself cancels, when it is dropped; then nobody reads this.
            Err(_) => Ok(()),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn keeps_the_order_and_the_bound() {
        let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let results: Result<Vec<u32>, ()> = for_each(3, 0..50_u32, |n| {
            let (now, most) = (Arc::clone(&now), Arc::clone(&most));
            async move {
                most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                tokio::task::yield_now().await;
                now.fetch_sub(1, Ordering::SeqCst);
                Ok(n)
            }
        })
        .await;
        assert_eq!(results, Ok((0..50).collect()));
        assert!(most.load(Ordering::SeqCst) <= 3);
    }

    #[tokio::test]
    async fn the_first_error_ends_it() {
        let result = for_each(2, 0..10, |n| async move { if n == 3 { Err(n) } else { Ok(n) } }).await;
        assert_eq!(result, Err(3));
    }
}
