//! Why a request is refused, in words for the user and a code for the page.

use crate::money::Money;

/// A request was refused, and that is final: asked again, it is refused again.
#[derive(Debug, PartialEq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("请先登录")]
    NobodyMay,
    #[error("没有权限")]
    NotPermitted,
    #[error("没有这个方法")]
    UnknownMethod,
    #[error("请求有误：{0}")]
    BadRequest(String),
    #[error("这个键已用于另一个请求")]
    KeyUsed,
    #[error("已经截止")]
    Ended,
    #[error("请填一个大于 0 的价格")]
    NoPrice,
    #[error("要低于 {0} 元")]
    NotBetter(Money),
    #[error("没有这个标的")]
    NoSuchLot,
    #[error("没有这个设备")]
    NoSuchDevice,
    #[error("没有这条指令")]
    NoSuchCommand,
    #[error("指令太多，请等设备执行")]
    TooManyCommands,
    #[error("指令已经结束")]
    CommandEnded,
    #[error("这个序列号已登记")]
    SerialTaken,
    #[error("没有这个任务")]
    NoSuchTask,
    #[error("任务已由 {0} 领取")]
    TaskTaken(String),
    #[error("任务已经完成")]
    TaskFinished,
    #[error("没有这个订单")]
    NoSuchOrder,
    #[error("订单已由 {0} 接下")]
    OrderAccepted(String),
    #[error("登记的太多了")]
    TooMany,
}

impl Refusal {
    /// Below 1000 as the gateway uses them.
    pub(crate) fn code(&self) -> u32 {
        match self {
            Self::NobodyMay | Self::NotPermitted => 103,
            Self::UnknownMethod => 104,
            Self::BadRequest(_) | Self::KeyUsed => 107,
            Self::Ended => 1001,
            Self::NoPrice => 1002,
            Self::NotBetter(_) => 1003,
            Self::NoSuchLot => 1004,
            Self::TooMany => 1005,
            Self::NoSuchDevice => 1101,
            Self::NoSuchCommand => 1102,
            Self::TooManyCommands => 1103,
            Self::CommandEnded => 1104,
            Self::SerialTaken => 1105,
            Self::NoSuchTask => 1201,
            Self::TaskTaken(_) => 1202,
            Self::TaskFinished => 1203,
            Self::NoSuchOrder => 1301,
            Self::OrderAccepted(_) => 1302,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Vec<Refusal> {
        use Refusal::*;
        let name = || "…".to_owned();
        vec![
            NobodyMay,
            NotPermitted,
            UnknownMethod,
            BadRequest(name()),
            KeyUsed,
            Ended,
            NoPrice,
            NotBetter(Money::yuan(65_000)),
            NoSuchLot,
            TooMany,
            NoSuchDevice,
            NoSuchCommand,
            TooManyCommands,
            CommandEnded,
            SerialTaken,
            NoSuchTask,
            TaskTaken(name()),
            TaskFinished,
            NoSuchOrder,
            OrderAccepted(name()),
        ]
    }

    #[test]
    fn the_readme_lists_every_refusal_and_no_other() {
        let declared = include_str!("refusal.rs").matches("    #[error(\"").count();
        assert_eq!(all().len(), declared);
        for readme in [include_str!("../README.md"), include_str!("../README.zh-CN.md")] {
            let rows = readme.lines().filter_map(|line| line.strip_prefix("| ")?.split_once(" | "));
            let numbered = rows.filter(|(code, _)| code.parse::<u32>().is_ok());
            let listed: Vec<_> =
                numbered.map(|(code, rest)| (code, rest.split(" |").next().unwrap())).collect();
            let known: Vec<_> = all().iter().map(|it| (it.code().to_string(), it.to_string())).collect();
            assert_eq!(listed.len(), known.len());
            for ((code, message), (listed_code, listed_message)) in known.iter().zip(listed) {
                assert_eq!((code.as_str(), message.as_str()), (listed_code, listed_message));
            }
        }
    }
}
