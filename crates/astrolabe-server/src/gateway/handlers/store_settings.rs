//! A store's settings for delivery and pickup (published `store.deliverconfig`, `store.collectconfig`, `store.switchstatus`).
//!
//! An update says the whole record: what it leaves out restricts nothing. `activity` true means the record of a campaign,
//! which stands in for the usual one from its start to its end. No published text says what `status` of the switches looks
//! like; here it names the services that are on, in the words of `item.tag.operate`, or `none`.

use astrolabe_core::command::Command;
use astrolabe_core::place::Location;
use astrolabe_core::service_settings::{
    Campaign, DeliveryRules, PickupRules, Priority, Schedule, ServiceChange, ServiceSettings, WINDOWS_MAX, Windows,
};
use astrolabe_core::time::{OpeningHours, Timestamp};
use astrolabe_protocol::time::format_datetime;
use astrolabe_protocol::{Answer, EpochMs, Fields, Value, WireError, json};

use super::stores::known_store;
use crate::app::hours::{hour_minute, minute_of_day, window, window_text};
use crate::gateway::context::CallContext;

const DELIVERS: &str = "storeDeliver";
const HANDS_OUT: &str = "storeCollect";
const NEITHER: &str = "none";

/// `store.deliverconfig.get`.
pub(super) async fn delivery(context: &CallContext) -> Result<Answer, WireError> {
    let store = addressed(context).await?;
    record(context, &store.service.delivery, |rules| {
        fields_of(&rules.working, rules.threshold, "deliver_threshold")
            .with("dispatch_time_range", ranges_text(&rules.dispatch))
            .with("priority", i64::from(rules.priority.steps()))
    })
}

/// `store.collectconfig.get`.
pub(super) async fn pickup(context: &CallContext) -> Result<Answer, WireError> {
    let store = addressed(context).await?;
    record(context, &store.service.pickup, |rules| fields_of(&rules.working, rules.threshold, "collect_threshold"))
}

/// `store.deliverconfig.update`.
pub(super) async fn set_delivery(context: &CallContext) -> Result<Answer, WireError> {
    let told = context.fields().structure("store_deliver_config")?;
    let priority = told.opt_long("priority")?.map_or(Some(Priority::FIRST), Priority::new);
    let rules = DeliveryRules {
        working: working(told)?,
        dispatch: ranges(told, "dispatch_time_range")?,
        priority: priority.ok_or_else(|| WireError::invalid("priority", "is not from 0 to 10"))?,
        threshold: threshold(told, "deliver_threshold")?,
    };
    let change = match times(told)? {
        Some((starts, ends)) => ServiceChange::DeliveryCampaign(Campaign { starts, ends, rules }),
        None => ServiceChange::Delivery(rules),
    };
    set(context, change).await
}

/// `store.collectconfig.update`.
pub(super) async fn set_pickup(context: &CallContext) -> Result<Answer, WireError> {
    let told = context.fields().structure("store_collect_config")?;
    let rules = PickupRules { working: working(told)?, threshold: threshold(told, "collect_threshold")? };
    let change = match times(told)? {
        Some((starts, ends)) => ServiceChange::PickupCampaign(Campaign { starts, ends, rules }),
        None => ServiceChange::Pickup(rules),
    };
    set(context, change).await
}

/// `store.switchstatus.get`.
pub(super) async fn switches(context: &CallContext) -> Result<Answer, WireError> {
    let store = addressed(context).await?;
    Ok(Answer::ok().with("data", status_of(&store.service)))
}

/// `store.switchstatus.update`.
pub(super) async fn set_switches(context: &CallContext) -> Result<Answer, WireError> {
    let change = switched(context.fields().text("status")?);
    let change = change.ok_or_else(|| {
        let why = format!("is neither {NEITHER} nor a list of {DELIVERS} and {HANDS_OUT}");
        WireError::invalid("status", why)
    })?;
    set(context, change).await
}

async fn addressed(context: &CallContext) -> Result<Location, WireError> {
    known_store(context, context.fields().long("store_id")?).await
}

async fn set(context: &CallContext, change: ServiceChange) -> Result<Answer, WireError> {
    let location = addressed(context).await?.id;
    context.submit(Command::SetService { location, change }).await?;
    Ok(Answer::ok())
}

/// The record that the call asks for: the usual one, or the latest campaign's, if there ever was one.
fn record<R>(
    context: &CallContext,
    schedule: &Schedule<R>,
    written: impl Fn(&R) -> Fields,
) -> Result<Answer, WireError> {
    let campaign = context.fields().opt_bool("activity")?.unwrap_or(false);
    if !campaign {
        return Ok(Answer::ok().with("data", written(&schedule.usual).with("activity", false)));
    }
    let at = |when: Timestamp| format_datetime(EpochMs(when.0));
    let data = schedule.campaign.as_ref().map(|campaign| {
        written(&campaign.rules)
            .with("activity", true)
            .with("activity_start_time", at(campaign.starts))
            .with("activity_end_time", at(campaign.ends))
    });
    Ok(data.map_or_else(Answer::ok, |data| Answer::ok().with("data", data)))
}

/// What both records have.
fn fields_of(working: &Windows, threshold: Option<i64>, threshold_name: &'static str) -> Fields {
    let working = working.0.first().map(|hours| window_text(*hours)).unwrap_or_default();
    Fields::new().with("working_time", working).with_opt(threshold_name, threshold)
}

fn working(told: &Fields) -> Result<Windows, WireError> {
    let text = told.opt_text("working_time")?.map_or("", str::trim);
    if text.is_empty() {
        return Ok(Windows::default());
    }
    let hours = window(text).ok_or_else(|| WireError::invalid("working_time", "is not a time HH:MM-HH:MM"))?;
    Ok(Windows(vec![hours]))
}

fn threshold(told: &Fields, name: &'static str) -> Result<Option<i64>, WireError> {
    match told.opt_long(name)? {
        Some(negative) if negative < 0 => Err(WireError::invalid(name, "is below 0")),
        threshold => Ok(threshold),
    }
}

/// When the campaign starts and ends, where the record is a campaign's.
fn times(told: &Fields) -> Result<Option<(Timestamp, Timestamp)>, WireError> {
    if !told.opt_bool("activity")?.unwrap_or(false) {
        return Ok(None);
    }
    let (starts, ends) = (told.time("activity_start_time")?, told.time("activity_end_time")?);
    if ends < starts {
        return Err(WireError::invalid("activity_end_time", "is before activity_start_time"));
    }
    Ok(Some((Timestamp(starts.0), Timestamp(ends.0))))
}

/// `[{"startTime":"08:40","endTime":"12:20"}]`; none at all is an empty list.
fn ranges(told: &Fields, name: &'static str) -> Result<Windows, WireError> {
    let Some(text) = told.opt_text(name)?.map(str::trim).filter(|text| !text.is_empty()) else {
        return Ok(Windows::default());
    };
    let not_a_list = || WireError::invalid(name, r#"is not a list [{"startTime":"HH:MM","endTime":"HH:MM"}]"#);
    let ranges = match json::parse(text) {
        Ok(Some(Value::List(ranges))) => ranges,
        Ok(Some(Value::Text(_) | Value::Int(_) | Value::Bool(_) | Value::Struct(_)) | None) | Err(_) => {
            return Err(not_a_list());
        }
    };
    if ranges.len() > WINDOWS_MAX {
        return Err(WireError::invalid(name, format!("has more than {WINDOWS_MAX} ranges")));
    }
    let range = |range: &Value| {
        let range = range.as_struct()?;
        let minute = |end: &str| minute_of_day(range.get(end)?.as_text()?);
        Some(OpeningHours { opens_minute: minute("startTime")?, closes_minute: minute("endTime")? })
    };
    ranges.iter().map(range).collect::<Option<Vec<_>>>().map(Windows).ok_or_else(not_a_list)
}

fn ranges_text(windows: &Windows) -> String {
    let ranges = windows.0.iter().map(|hours| {
        let range = Fields::new().with("startTime", hour_minute(hours.opens_minute));
        Value::Struct(range.with("endTime", hour_minute(hours.closes_minute)))
    });
    json::write(&Value::List(ranges.collect()))
}

fn status_of(service: &ServiceSettings) -> &'static str {
    match (service.delivers, service.hands_out) {
        (true, true) => "storeDeliver,storeCollect",
        (true, false) => DELIVERS,
        (false, true) => HANDS_OUT,
        (false, false) => NEITHER,
    }
}

fn switched(status: &str) -> Option<ServiceChange> {
    let (mut delivers, mut hands_out) = (false, false);
    if !status.trim().eq_ignore_ascii_case(NEITHER) {
        for word in status.split(',').map(str::trim) {
            if word.eq_ignore_ascii_case(DELIVERS) {
                delivers = true;
            } else if word.eq_ignore_ascii_case(HANDS_OUT) {
                hands_out = true;
            } else {
                return None;
            }
        }
    }
    Some(ServiceChange::Switches { delivers, hands_out })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dispatch_ranges_read_back_as_written() {
        let read = |text: &str| ranges(&Fields::new().with("r", text), "r");
        let published = r#"[{"startTime":"08:40","endTime":"12:20"},{"startTime":"18:00","endTime":"02:00"}]"#;
        for text in [published, "[]"] {
            assert_eq!(ranges_text(&read(text).expect("is a list")), text);
        }
        assert_eq!(read(" ").expect("is none"), Windows::default());
        let long = format!("[{}]", vec![r#"{"startTime":"08:40","endTime":"12:20"}"#; WINDOWS_MAX + 1].join(","));
        for text in ["08:40-12:20", r#"{"startTime":"08:40"}"#, r#"[{"startTime":"08:40"}]"#, "[1]", &long] {
            assert!(matches!(read(text), Err(WireError::Invalid { .. })), "{text}");
        }
    }

    #[test]
    fn the_switches_read_back_as_written() {
        for status in ["storeDeliver,storeCollect", "storeDeliver", "storeCollect", "none"] {
            let mut service = ServiceSettings::default();
            service.apply(switched(status).expect("is a status"));
            assert_eq!(status_of(&service), status);
        }
        assert_eq!(switched("StoreCollect , storedeliver"), switched("storeDeliver,storeCollect"));
        for status in ["", "on", "storeDeliver,none", "storeDeliver;storeCollect"] {
            assert_eq!(switched(status), None, "{status:?}");
        }
    }
}
