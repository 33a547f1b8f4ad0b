//! The codes as data: one row a code, from which `docs/errors.md` is made.

/// A code of the wire and what there is to know about it.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) code: &'static str,
    /// What the wire says, in Chinese.
    pub(crate) sentence: &'static str,
    /// What it means, in English.
    pub(crate) meaning: &'static str,
    pub(crate) who_acts: &'static str,
    pub(crate) retry: &'static str,
}

const NO: &str = "no, the same call is refused again";
const SAFE: &str = "yes, after a pause; the call is safe to repeat";

macro_rules! rows {
    ($list:ident: $($name:ident = $code:literal, $sentence:literal, $meaning:literal, $who:expr, $retry:expr;)*) => {
        $(pub(super) const $name: Row =
            Row { code: $code, sentence: $sentence, meaning: $meaning, who_acts: $who, retry: $retry };)*
        pub(super) const $list: &[Row] = &[$($name),*];
    };
}

rows! { REFUSALS:
    INSUFFICIENT_STOCK = "isv.stock-insufficient", "可用库存不足。",
        "Fewer units can be promised than the call wants.",
        "the caller: ask for fewer units or another location", "once stock was reported or freed";
    HOLD_KEY_REUSED = "isv.reserve-key-reused", "占用编号已用于其他内容。",
        "The hold key was used before with other content; the message names the field.",
        "the caller: take a new key", NO;
    HOLD_NOT_FOUND = "isv.reserve-not-exist", "占用不存在或已过期。",
        "No hold before payment has this key; it may have expired or been released.",
        "the caller: hold again under a new key", NO;
    HOLD_TAKEN_OVER = "isv.reserve-taken-over", "占用已转为订单占用。",
        "A paid sub-order has taken the hold over; it is released with the order.",
        "nobody", NO;
    HOLD_TOO_LONG = "isv.reserve-too-long", "占用时间过长。",
        "A hold before payment lasts at most the minutes that the message names.",
        "the caller: ask for a shorter time", NO;
    QUANTITY_NOT_POSITIVE = "isv.quantity-not-positive", "数量必须大于零。",
        "A quantity was 0 or less where units are wanted.", "the caller", NO;
    QUANTITY_NEGATIVE = "isv.quantity-negative", "数量不能为负数。",
        "A quantity was below 0 where 0 is the least.", "the caller", NO;
    HOLD_ENDED = "isv.reserve-ended", "占用已结束。",
        "The hold with this key was released or ran out; a key serves one hold.", "the caller: take a new key", NO;
    COMBO_HAS_NO_STOCK = "isv.combo-has-no-stock", "组合货品没有自己的库存。",
        "The article is a combo: stock is reported for its components.", "the caller", NO;
    OTHER_GOODS = "isv.goods-mismatch", "货品与子订单不符。",
        "The goods named are not those of the sub-order.", "the caller", NO;
    MORE_THAN_ORDERED = "isv.quantity-exceeds-order", "数量超过子订单可调整的数量。",
        "More units were named than the sub-order has to move.", "the caller", NO;
    QUANTITY_IS_WHOLE = "isv.quantity-not-divided", "该商家不拆分子订单数量，须整单答复。",
        "The answer is about some of a sub-order's units, and the seller lets no quantity be divided (`split_quantity`).",
        "the caller: answer for all of them; or the merchant: let quantities be divided", NO;
    BILL_REUSED = "isv.bill-num-reused", "流水号已用于其他内容。",
        "The bill number was applied before with other content; the message names the field. The first effect stands.",
        "the caller: take a new bill number", NO;
    ALREADY_INITIALISED = "isv.stock-already-initialised", "确定性库存只能初始化一次。",
        "Certain stock of an article at a location is initialised once (white paper §6.2.1, §6.3.1).",
        "the caller: use the update call", NO;
    STALE_REPORT = "isv.stock-report-stale", "已有更新的库存报告生效。",
        "A newer report of the same stock was applied; this one says what was true before it.",
        "the caller: report the present figure with its own time", NO;
    REPORT_BELOW_ZERO = "isv.stock-below-zero", "库存不能减为负数。",
        "The report would take the stock below 0. A discrepancy is recorded and nothing new is promised there until the next overwrite, \
         BALANCE or initial.",
        "the merchant: count the shelf and report it", NO;
    NOT_HELD_THERE = "isv.stock-not-held-there", "原仓库没有占用所述数量。",
        "The location an adjustment takes units from does not hold that many for the sub-order.",
        "the caller: leave originalWarehouseId out, or name the right one", NO;
    TRADE_NOT_FOUND = "isv.trade-not-exist", "交易不存在。",
        "This seller has no such trade.", "the caller", "once the channel has delivered the trade";
    SUB_ORDER_NOT_FOUND = "isv.sub-order-not-exist", "子订单不存在。",
        "The trade has no such sub-order.", "the caller", NO;
    REFUND_NOT_FOUND = "isv.refund-not-exist", "退款不存在。",
        "The channel has told of no such refund of this seller.", "the caller", "once the channel has delivered the refund";
    EXCEPTION_NOT_FOUND = "isv.exception-not-exist", "例外不存在。",
        "This seller has no such exception.", "the caller", NO;
    EXCEPTION_CLOSED = "isv.exception-closed", "例外已关闭。",
        "The exception is closed: its cause was gone, or somebody settled it. What comes up again is a new one.", "nobody", NO;
    LOCATION_NOT_FOUND = "isv.store-not-exist", "门店不存在。",
        "This seller has no such store, or it was deleted.", "the caller", NO;
    WAREHOUSE_NOT_FOUND = "isv.warehouse-not-exist", "电商仓不存在。",
        "This seller has no warehouse with this code.", "the merchant: have the warehouse declared", NO;
    ITEM_NOT_FOUND = "isv.item-not-exist", "商品不存在。",
        "Nothing is known of this item.", "the caller", NO;
    ARTICLE_NOT_FOUND = "isv.sc-item-not-exist", "货品不存在。",
        "This seller has no such article.", "the caller: add it with taobao.scitem.add", NO;
    NOT_ALLOCATED_THERE = "isv.not-allocated-there", "该子订单未派给此门店或仓。",
        "The sub-order was never allocated to this location.", "the caller", NO;
    ALLOCATION_NOT_FOUND = "isv.allocation-not-exist", "派单号不存在。",
        "This seller has no allocation with this code.", "the caller", NO;
    NOTHING_TO_ANSWER = "isv.nothing-to-answer", "没有待答复的退款或改派。",
        "No refund and no re-allocation of the sub-order waits for an answer.", "nobody", NO;
    ILLEGAL_MOVE = "isv.order-state-invalid", "当前状态不允许此操作。",
        "The sub-order's state does not have this move; the message says from, to, and who may do something.",
        "whoever the message names", NO;
    CANCEL_STANDS = "isv.cancel-requested", "子订单有待答复的取消请求。",
        "A cancel request stands; it must be answered first (X_SHOP_CANCEL_CONFIRM or X_SHOP_CANCEL_DENIED).",
        "the store", "once the request is answered";
    OFFER_WITHDRAWN = "isv.offer-withdrawn", "该子订单已从此门店收回。",
        "The sub-order was taken back from this location, which may keep the goods.", "nobody", NO;
    ALREADY_ACCEPTED = "isv.accepted-elsewhere", "子订单已由其他门店接单。",
        "Another location has accepted the sub-order.", "nobody", NO;
    ALLOCATION_CLOSED = "isv.allocation-closed", "分单已由平台接管。",
        "The allocator was silent too long and the platform owns the allocation now.", "nobody", NO;
    NOT_OMNICHANNEL = "isv.trade-not-omnichannel", "该交易不是全渠道订单。",
        "The trade was passed on to the merchant's ordinary systems.", "nobody", NO;
    CHANNEL_CONSIGN_MISSING = "isv.channel-consign-missing", "请先调用天猫发货接口。",
        "The seller wants the channel's own shipping call before store.consigned (white paper §3.4).",
        "the caller: call taobao.logistics.offline.send first", "after that call";
    WRONG_LOCATION_KIND = "isv.location-type-mismatch", "门店或仓类型不符。",
        "The call says Store where the location is a warehouse, or the other way round.", "the caller", NO;
    HOLD_ENDS_BEFORE = "isv.trade-hold-ends-before", "挂起的结束时间必须晚于当前时间。",
        "A trade is held back until an instant that has passed.", "the caller: give a later end, or none", NO;
    TOO_MANY_HOLDS = "isv.trade-holds-exceeded", "该交易的挂起过多。",
        "The trade has as many holds as a trade may have.", "whoever holds it: lift one", "once one was lifted";
    HOLD_OF_ANOTHER = "isv.trade-hold-of-other", "该挂起由他人设置。",
        "A hold is lifted by whoever set it, or by an operator; the message names the holder.",
        "the holder, or an operator", NO;
    NOT_READY_TO_COLLECT = "isv.pickup-not-confirmed", "门店尚未确认有货，不能核销。",
        "The store has not said (X_COMMODITY_CONFIRM) that the pickup lies ready, so that there is no code for it yet.",
        "the store: confirm it", "once the store has confirmed";
    HANDOVER_CODE_NOT_FOUND = "isv.handover-code-not-exist", "核销码不存在。",
        "No such code was issued, or not for this kind of handover: storecollect takes pickups' codes, dtd those of what the          store brings. Leave it to the buyer to show the code.",
        "the caller: read the code again", NO;
    HANDOVER_CODE_OF_OTHER = "isv.handover-code-mismatch", "核销码与订单不符。",
        "The code exists and belongs to another trade.",
        "the caller: name the trade that the query method gives for the code", NO;
    HANDOVER_CODE_USED = "isv.handover-code-used", "核销码已使用。",
        "Somebody else has taken this code before; the goods have changed hands. The one who took it may repeat the call.",
        "the store: ask who handed the goods over", NO;
    HANDOVER_CODE_SENT_TODAY = "isv.handover-code-sent-today", "今天已重发过核销码。",
        "A code is sent again once a Shanghai day.", "nobody", "tomorrow";
    STORE_WAS_CHOSEN = "isv.pickup-store-chosen", "自提门店由买家选定。",
        "The buyer comes to the store that the message names; a pickup goes elsewhere only by store.reallocate with the store          that he was told.",
        "the caller: agree on the store with the buyer and name it in store.reallocate", NO;
    NOT_YOURS = "isv.not-in-role-mode", "当前接单模式下不允许此操作。",
        "In the trade's role mode (white paper §3.1 to §3.4) somebody else does this; the message says who.",
        "whoever the message names", NO;
    STORE_CODE_EXISTS = "isv.store-code-exists", "门店编码已存在。",
        "Another store of the seller has this code with other content.", "the caller: use store.update, or another code", NO;
    STORE_HAS_LIVE_ASSIGNMENTS = "isv.store-has-live-orders", "门店还有未完成的订单。",
        "A store with live assignments cannot be deleted.", "the merchant: finish or re-allocate them", "once they are done";
    STORE_HAS_CERTAIN_STOCK = "isv.store-has-certain-stock", "门店还有确定性库存。",
        "A store with certain stock cannot be deleted.", "the merchant: report the stock away", "once the stock is 0";
    MAPPED_ELSEWHERE = "isv.item-mapped-elsewhere", "商品已映射到其他货品。",
        "The listing maps to another article already.", "the caller: delete that mapping first", NO;
    OUTER_CODE_EXISTS = "isv.outer-code-exists", "货品编码已存在。",
        "Another article of the seller has this code.", "the caller", NO;
    OUTER_CODE_NOT_FOUND = "isv.outer-code-not-exist", "货品编码不存在。",
        "No article of the seller has this code.", "the caller: add the article with taobao.scitem.add", NO;
    NOT_MAPPED = "isv.item-not-mapped", "商品没有对应的货品。",
        "The listing maps to no article, so it has no stock.", "the caller: report stock for it, or map it", NO;
}

rows! { AT_THE_DOOR:
    INVALID_PERMISSION = "isv.invalid-permission", "无权代表该卖家操作。",
        "userId, sellerCode, seller_id or customerId names another seller than the one the caller acts for.",
        "the caller", NO;
    NOT_SUPPORTED = "isv.not-supported", "平台暂不支持。",
        "Published, and not served by this platform.", "nobody", NO;
    PUSH_USER_NOT_FOUND = "isv.push-user-not-exist", "该用户没有开通数据推送。",
        "The seller was never registered for pushes to this app.", "the caller: add the seller with taobao.jushita.jdp.user.add", NO;
    BILLS_FAILED = "isv.bills-failed", "部分流水处理失败。",
        "Bills of one call failed for different reasons; errorDescriptions has each. The others were applied.",
        "the caller: see each bill's code", "for the bills that were corrected; applied ones are not applied again";
    MISSING_PARAMETER = "isv.missing-parameter", "缺少必填参数。",
        "Platform error 40; the part after the colon names the parameter.", "the caller", NO;
    INVALID_PARAMETER = "isv.invalid-parameter", "参数不合法。",
        "Platform error 41; the part after the colon names the parameter.", "the caller", NO;
    TIMESTAMP_LIMIT = "isv.timestamp-limit-error", "时间戳与平台时间相差过大。",
        "The timestamp lies more than 10 minutes from the platform's clock (GMT+8).",
        "the caller: set the clock", "with a new timestamp and signature";
    NO_ROLE = "isv.permission-api-package-limit", "应用没有调用该接口的角色。",
        "Platform error 11: the seller granted the app none of the roles that may call the method.",
        "the merchant: widen the grant", "once granted";
}

rows! { FAILURES:
    CALL_LIMITED = "isp.call-limited", "系统繁忙，未做任何处理。",
        "Too many commands of this seller are waiting; nothing was done (platform error 10).", "the caller: slow down", SAFE;
    SERVICE_ERROR = "isp.remote-service-error", "存储暂不可用。",
        "The database failed; whether the call took effect shows when it is repeated.", "the operator", SAFE;
    TIMED_OUT = "isp.remote-service-timeout", "处理超时。",
        "No answer in time; whether the call took effect shows when it is repeated.", "the operator", SAFE;
    UNKNOWN_ERROR = "isp.unknown-error", "系统内部错误。",
        "An internal error was logged under the request id; the call changed nothing.", "the operator: report it", "seldom";
}
