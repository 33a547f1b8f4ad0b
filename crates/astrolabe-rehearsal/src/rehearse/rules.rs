//! The rules a rehearsal judges by: name, weight, and what each asks for in English and Chinese. A finding names its rule.

use serde::Serialize;

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// It would not work against the platform, or harms somebody: the rehearsal is not passed.
    Error,
    /// It works, and should be mended.
    Warning,
    /// Worth knowing.
    Note,
}

impl Severity {
    /// In both languages.
    #[must_use]
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Error => ("error", "错误"),
            Self::Warning => ("warning", "警告"),
            Self::Note => ("note", "提示"),
        }
    }
}

macro_rules! rules {
    ($($variant:ident $severity:ident $name:literal, $en:literal, $zh:literal;)*) => {
        /// One rule.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Rule { $(#[doc = $en] $variant,)* }

        impl Rule {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Its name in reports.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// How much a breach weighs.
            #[must_use]
            pub fn severity(self) -> Severity {
                match self { $(Self::$variant => Severity::$severity,)* }
            }

            /// What it asks for, in English and Chinese.
            #[must_use]
            pub fn words(self) -> (&'static str, &'static str) {
                match self { $(Self::$variant => ($en, $zh),)* }
            }
        }
    };
}

rules! {
    // Answers to the platform's calls (§6.6, §7).
    NoAnswer Error "no-answer", "a call is answered within 8 s", "调用须在 8 秒内应答";
    HttpStatus Error "http-status", "a call is answered with HTTP status 200", "应答的 HTTP 状态码须为 200";
    Unreadable Error "unreadable-answer", "an answer is JSON or XML", "应答须为 JSON 或 XML";
    CodeMissing Error "code-missing", "an answer has `code`; \"0\" is success", "应答须有 code，\"0\" 表示成功";
    CodeMisnamed Error "code-misnamed", "the result code of an SPI answer is called `code`", "SPI 应答的结果码字段名为 code";
    FieldMissing Error "answer-field-missing", "an answer has every required field", "应答须包含所有必填字段";
    FieldType Error "answer-field-type", "fields of an answer have their defined types", "应答字段类型须符合定义";
    FieldUnknown Note "answer-field-unknown", "an answer has defined fields only", "应答只含已定义的字段";
    Wrapped Note "answer-wrapped", "an SPI answer is a flat object", "SPI 应答为平铺的对象";
    CallFailed Error "call-failed", "a right call is taken", "正确的调用须被接受";
    // What must be refused, and what must be borne.
    BadSignTaken Error "bad-sign-taken", "a call whose signature does not hold is refused", "签名错误的调用须被拒绝";
    BadSignUnnamed Warning "bad-sign-unnamed", "the refusal says sign-check-failure", "拒绝时返回 sign-check-failure";
    BadSignActed Error "bad-sign-acted-on", "nothing is done about a call whose signature does not hold", "签名错误的调用不得产生任何动作";
    StaleTaken Warning "stale-taken", "a call signed more than five minutes ago is refused", "超过五分钟的签名须被拒绝";
    WrongSellerTaken Warning "wrong-seller-taken", "a call for another seller is refused", "其他卖家的调用须被拒绝";
    UnknownTidActed Error "unknown-tid-acted-on", "nothing is reported about a trade that does not exist", "不得回传不存在的订单";
    MissingFieldTaken Error "missing-field-taken", "a call without a required field is refused", "缺少必填字段的调用须被拒绝";
    GarbageTaken Error "garbage-taken", "a body that is no JSON is refused", "无法解析的报文须被拒绝";
    UnknownFieldRefused Error "unknown-field-refused", "a field that is not known is ignored", "未知字段须被忽略";
    DuplicateRefused Error "duplicate-refused", "the same call again is taken again", "重复调用须仍返回成功";
    AllocatedTwice Error "allocated-twice", "the same call again changes no allocation", "重复的派单通知不得改变派单结果";
    LateRefused Error "late-refused", "a call four minutes under way is taken", "四分钟内的迟到调用须被接受";
    DripBroke Error "slow-body-refused", "a body that trickles for a second is read", "缓慢到达的报文须被读完";
    OutOfOrderBroke Error "out-of-order-broke", "a notice out of order gets an answer", "乱序的通知须有应答";
    // The party's own calls (§6).
    CallUnreadable Error "call-unreadable", "a call can be read", "调用须可解析";
    CallUnsigned Error "call-signature", "a call is signed with the app's secret", "调用须以应用密钥签名";
    CallSession Error "call-session", "a call has the app's key and session", "调用须带正确的 app_key 与 session";
    MethodUnknown Error "call-method", "a called method exists", "调用的接口须存在";
    CallFieldMissing Error "call-field-missing", "a call has every required field", "调用须包含所有必填字段";
    CallFieldInvalid Error "call-field-invalid", "fields of a call have their defined types and values", "调用字段的类型与取值须符合定义";
    CallFieldUnknown Error "call-field-unknown", "a call has defined parameters only", "调用只含已定义的参数";
    CallMemberUnknown Note "call-member-unknown", "items of a list have defined members only", "列表元素只含已定义的成员";
    TimestampMissing Error "timestamp-missing", "a report says when it happened", "回传须带 report_timestamp / action_time";
    TimestampFuture Error "timestamp-future", "a report lies not in the future", "回传时间不得在未来";
    Late Error "late", "a status is reported within five minutes (§5.4)", "状态须在五分钟内回传（§5.4）";
    NeverTold Error "never-reported", "every allocation asked for is reported", "每次分单请求须有结果";
    GetDisagrees Error "get-disagrees", "allocatedinfo.get says what was reported", "allocatedinfo.get 须与已回传结果一致";
    NotRepeated Error "not-repeated", "a call whose outcome is unknown is repeated", "结果未知的调用须重试";
    StoreUnknown Error "store-unknown", "a reported store exists", "回传的门店须存在";
    TidUnknown Error "trade-unknown", "a reported trade and sub-order exist", "回传的订单与子订单须存在";
    StatusOrder Error "status-order", "statuses come in their order", "状态须按顺序回传";
    Overtaken Note "overtaken", "the platform or the buyer was quicker", "平台或买家先行一步";
    CallRefused Error "call-refused", "a call is taken by the platform", "调用须被平台接受";
    // Played against a platform.
    PlatformTook Error "platform-took-it", "the platform refuses a wrong call", "平台须拒绝错误的调用";
    PlatformRefused Error "platform-refused", "the platform takes a right call", "平台须接受正确的调用";
    PlatformSilent Error "platform-silent", "the platform answers", "平台须应答";
    PlatformNoRepeat Error "platform-no-repeat", "the platform calls again after an answer it could not read", "应答不可读时平台须重试";
    // Whatever the rules: a rehearsal in which nothing happened shows nothing.
    NothingHappened Error "nothing-happened", "something was called", "须有调用发生";
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::Fault;

    #[test]
    fn names_are_unique() {
        let names: std::collections::BTreeSet<&str> = Rule::ALL.iter().map(|rule| rule.name()).collect();
        assert_eq!(names.len(), Rule::ALL.len());
    }

    #[test]
    fn the_documentation_names_every_rule_and_fault() {
        let pages =
            [include_str!("../../../../docs/rehearsing.md"), include_str!("../../../../docs/rehearsing.zh-CN.md")];
        for page in pages {
            for name in Rule::ALL.iter().map(|rule| rule.name()).chain(Fault::ALL.iter().map(|fault| fault.name())) {
                assert!(page.contains(&format!("`{name}`")), "{name}");
            }
        }
    }
}
