//! A location's capacity for a day (接单阈值) as a reservation: held when units are assigned, confirmed when the location
//! accepts, given back when the assignment ends before that. Only locations that set a threshold are counted, from the
//! moment they do; a limit of N lets the router give exactly N.
//!
//! Hooked in where units come to an assignment and where they leave it, so that the machines know nothing of it. What an
//! allocating app or a person decided, and a store that accepts late, is never refused here: it is counted, and may go
//! beyond the limit.

use crate::command::Work;
use crate::ids::{AllocationCode, LocationId, WorkId};
use crate::order::assignment::Assignment;
use crate::refusal::Refusal;
use crate::routing::Reason;
use crate::service_settings::{DayKey, DayPlace, Service};
use crate::time::Timestamp;
use crate::world::{NewWork, World};

use super::case::Case;

impl Case<'_> {
    /// Why a location's settings keep it from a service now.
    pub(super) fn service_shut(&self, location: LocationId, service: Service) -> Option<Reason> {
        let place = self.world.places.live(location)?;
        let taken = self.world.day_loads.taken(self.today(location, service));
        Reason::of_service(&place.service, service, self.now(), taken)
    }

    /// A place in the location's day for a new assignment, where the location counts.
    pub(super) fn hold_capacity(&mut self, location: LocationId, service: Service) -> Option<DayPlace> {
        let place = self.world.places.get(location)?;
        place.service.threshold(service, self.now())?;
        let key = self.today(location, service);
        self.world.day_loads.take(key);
        Some(DayPlace { day: key.day, service, confirmed: false })
    }

    /// The location has accepted: its place is used for good.
    pub(super) fn confirm_capacity(&mut self, code: AllocationCode) -> Result<(), Refusal> {
        if let Some(place) = &mut self.assignment_mut(code)?.day_place {
            place.confirmed = true;
        }
        Ok(())
    }

    /// The assignment ends here. A place that was only held is free again; whoever waits for one is looked at.
    pub(super) fn give_back_capacity(&mut self, before: &Assignment) -> Result<(), Refusal> {
        let Some(place) = before.day_place.filter(|place| !place.confirmed) else { return Ok(()) };
        let DayPlace { day, service, .. } = place;
        let key = DayKey { day, location: before.location, service };
        let was_full = self.is_full(key);
        self.world.day_loads.give_back(key);
        // What this very command assigned and takes back frees nothing that anybody could have waited for. Other commands
        // of the same instant may have found the day full.
        let known = self.world.files.get(&before.tid);
        let stood = known.is_some_and(|file| file.by_code(before.code).is_some());
        if was_full && stood && !self.is_full(key) {
            let work = Work::PlaceFreed { location: before.location, service, after: None };
            let (id, made_at) = (WorkId(self.world.mint.long()), self.now());
            self.world.journal.work(NewWork { id, work, made_at });
        }
        self.assignment_mut(before.code)?.day_place = None;
        Ok(())
    }

    /// Whether a count has reached the limit that holds now; a day that is over is of no interest.
    fn is_full(&self, key: DayKey) -> bool {
        key.day == self.now().shanghai_day()
            && places_left(self.world, key.location, key.service, self.now()) == Some(0)
    }

    fn today(&self, location: LocationId, service: Service) -> DayKey {
        DayKey { day: self.now().shanghai_day(), location, service }
    }
}

/// Places that a location has left today; `None` where it sets no limit, or is gone.
pub(super) fn places_left(world: &World, location: LocationId, service: Service, now: Timestamp) -> Option<i64> {
    let threshold = world.places.live(location)?.service.threshold(service, now)?;
    let taken = world.day_loads.taken(DayKey { day: now.shanghai_day(), location, service });
    Some(threshold.saturating_sub(taken).max(0))
}
