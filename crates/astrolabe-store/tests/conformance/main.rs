//! The storage contract, said once and held against both databases.
//!
//! PostgreSQL is the server that `ASTROLABE_TEST_PG_URL` names; each case has a schema of its own there. Without it the
//! PostgreSQL half fails, unless `ASTROLABE_TEST_SQLITE_ONLY=1` says that this is meant.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod attempts;
mod capacity;
mod directory;
mod due;
mod exceptions;
mod figures;
mod goods;
mod groups;
mod home;
mod lists;
mod lost;
mod made;
mod orders;
mod outward;
mod settlement;
mod stock;
mod views;

/// Each case as a test on SQLite and a test on PostgreSQL.
macro_rules! on_both {
    ($($module:ident: $($case:ident),+ $(,)?;)+) => {
        mod sqlite {
            $($(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    let home = crate::home::Home::sqlite();
                    crate::$module::$case(&home).await;
                }
            )+)+
        }
        mod postgres {
            $($(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    let Some(home) = crate::home::Home::postgres().await else { return };
                    crate::$module::$case(&home).await;
                    home.remove().await;
                }
            )+)+
        }
    };
}

on_both! {
    directory: rows_come_back_and_replace_each_other, settings_go_through_the_lane, webhooks_go_through_the_lane, an_undeclared_seller_has_no_lane,
        an_app_is_replaced_as_it_was_seen;
    groups: a_dropped_group_leaves_nothing, groups_of_one_seller_exclude_each_other, a_commit_makes_the_next_version,
        a_failed_group_takes_nobody_with_it, another_handle_learns_what_changed, answers_are_kept_for_a_while,
        twenty_thousand_rows_fit, a_database_opens_again, a_group_that_was_given_up_frees_the_lane;
    goods: listings_come_back, articles_are_found_by_id_and_code, places_come_back, pages_of_bindings;
    stock: cells_and_entries_come_back, the_queue_keeps_its_last_word, commits_are_counted_by_second,
        holds_before_payment_come_back, bills_and_adjusts_come_back, holders_come_in_freeing_order,
        the_snapshot_is_what_was_written;
    orders: files_come_back, reservations_go, a_fact_is_recorded_once, work_waits_once, the_published_text_stays,
        occupancy_counts_what_stands, who_waits_is_read_from_a_place_on, a_pickups_offer_stays, a_handover_code_is_given_once;
    outward: a_new_call_is_the_callers, calls_of_a_trade_keep_their_order, a_lease_runs_out, a_settled_call_is_over,
        sellers_do_not_wait_for_each_other;
    capacity: settings_come_back_with_their_location, days_come_back_whole, another_handle_learns_of_days,
        a_count_that_lies_is_found;
    attempts: attempts_come_back_and_are_kept_once, attempts_page_from_the_newest,
        attempts_are_forgotten_by_age_and_number;
    due: clocks_that_ran_out, holds_that_ran_out, sellers_with_anything_due;
    figures: readers_follow_the_timeline, a_trades_earlier_facts_and_its_region_are_found, figures_are_added_once,
        figures_come_back_whole, figures_add_up_by_what_is_asked, old_days_are_forgotten_and_their_months_stay;
    exceptions: one_is_open_about_a_thing_and_is_counted, people_change_what_is_not_closed,
        they_are_listed_by_what_is_asked, cells_with_unreported_units_come_due;
    lists: trades_by_time_newest_first, trades_by_the_channels_words, refunds_keep_the_newest_text,
        tags_by_listing_and_by_tag, articles_and_locations_by_id, push_users_are_kept, history_comes_newest_first_from_a_place_on,
        lists_show_nothing_of_another_seller;
    settlement: rule_sets_are_drafted_activated_and_retired, a_step_is_kept_once, statements_go_by_month_and_order,
        only_who_settles_is_looked_at, a_settlement_that_lies_is_found;
    views: a_trade_with_everything, assignments_page_by_code, counts_for_summaries, nothing_of_another_seller;
}

/// Only PostgreSQL has connections that can be lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lost_connections_are_not_used_again() {
    let Some(home) = home::Home::postgres().await else { return };
    lost::lost_connections_are_not_used_again(&home).await;
    home.remove().await;
}
