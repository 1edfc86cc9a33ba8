//! What the API description says of a guard, without the framework's long signature at each of them.

/// `described!(Guard, input)`, or `described!(for<R: Bound> Guard<R>, input)`.
macro_rules! described {
    (impl($($generic:tt)*) $guard:ty, $input:expr) => {
        impl $($generic)* rocket_okapi::request::OpenApiFromRequest<'_> for $guard {
            fn from_request_input(
                _: &mut rocket_okapi::r#gen::OpenApiGenerator,
                _: String,
                _: bool,
            ) -> rocket_okapi::Result<rocket_okapi::request::RequestHeaderInput> {
                Ok($input)
            }
        }
    };
    (for<$generic:ident: $bound:path> $guard:ty, $input:expr) => {
        described!(impl(<$generic: $bound>) $guard, $input);
    };
    ($guard:ty, $input:expr) => {
        described!(impl() $guard, $input);
    };
}

pub(in crate::http) use described;
