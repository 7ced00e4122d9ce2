//! How many calls of one webhook are under way, in all and for one asker.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};

use super::asker::Asker;

/// Who finds no place waits in line; who has as many as one may have waits for one's own, in nobody's way.
pub(super) struct Places {
    all: Semaphore,
    each: usize,
    /// The places of those who have or want one now; others are not kept.
    own: Mutex<HashMap<Asker, Arc<Semaphore>>>,
}

/// One call may be under way as long as this lives.
pub(super) struct Place<'a> {
    _common: SemaphorePermit<'a>,
    _own: OwnedSemaphorePermit,
    // Dropped last: it looks whether anybody else needs what is kept of the asker.
    _share: Share<'a>,
}

/// What one asker has of the places, while it has or wants any.
struct Share<'a> {
    places: &'a Places,
    asker: Asker,
    own: Arc<Semaphore>,
}

impl Places {
    /// So many for all together, and at most so many of them for each asker.
    pub(super) fn new(all: usize, each: usize) -> Self {
        Self { all: Semaphore::new(all), each, own: Mutex::default() }
    }

    /// Waits for a place.
    pub(super) async fn take(&self, asker: &Asker) -> Place<'_> {
        let share = self.share(asker);
        // First one's own, so that nobody holds a common place idly.
        let own = share.own.clone().acquire_owned().await.expect("the semaphore is never closed");
        let common = self.all.acquire().await.expect("the semaphore is never closed");
        Place { _common: common, _own: own, _share: share }
    }

    fn share(&self, asker: &Asker) -> Share<'_> {
        let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        let own = own.entry(asker.clone()).or_insert_with(|| Arc::new(Semaphore::new(self.each)));
        Share { places: self, asker: asker.clone(), own: own.clone() }
    }
}

impl Drop for Share<'_> {
    fn drop(&mut self) {
        let mut own = self.places.own.lock().unwrap_or_else(PoisonError::into_inner);
        // The map's and this one: nobody else has a share or waits for one.
        if Arc::strong_count(&self.own) == 2 {
            own.remove(&self.asker);
            if own.is_empty() {
                *own = HashMap::new();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::asker::asker, *};

    /// Whether there is a place at once.
    async fn takes<'a>(places: &'a Places, user: &str) -> Option<Place<'a>> {
        let asker = asker(user, "");
        tokio::select! {
            biased;
            place = places.take(&asker) => Some(place),
            () = std::future::ready(()) => None,
        }
    }

    #[tokio::test]
    async fn one_asker_has_its_share_and_leaves_the_rest_to_others() {
        let places = Places::new(4, 2);
        let first = takes(&places, "ann").await.expect("a place");
        let _second = takes(&places, "ann").await.expect("a place");
        assert!(takes(&places, "ann").await.is_none(), "she has her share");
        let _bobs = takes(&places, "bob").await.expect("a place");
        drop(first);
        assert!(takes(&places, "ann").await.is_some());
    }

    #[tokio::test]
    async fn all_together_have_no_more_than_there_are() {
        let places = Places::new(2, 2);
        let first = takes(&places, "ann").await.expect("a place");
        let _second = takes(&places, "bob").await.expect("a place");
        assert!(takes(&places, "cid").await.is_none());
        drop(first);
        assert!(takes(&places, "cid").await.is_some());
    }

    #[tokio::test]
    async fn nothing_is_kept_of_those_who_have_none_whether_they_got_one_or_gave_up() {
        let places = Places::new(1, 1);
        let place = takes(&places, "ann").await.expect("a place");
        for user in ["ann", "bob", "cid"] {
            assert!(takes(&places, user).await.is_none());
        }
        assert_eq!(places.own.lock().unwrap().len(), 1, "of those who gave up nothing");
        drop(place);
        assert_eq!(places.own.lock().unwrap().len(), 0);
    }
}
