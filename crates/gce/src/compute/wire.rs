/// Declares a struct of Google's JSON: camel case, absent fields as their default, defaults left out
/// when written, and everything without a name kept in `other`.
///
/// A field that must be written although it is zero or false is an `Option`.
macro_rules! wire_struct {
    ($(#[$meta:meta])* pub struct $name:ident { $($(#[$doc:meta])* pub $field:ident: $type:ty,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(rename_all = "camelCase", default)]
        pub struct $name {
            $(
                $(#[$doc])*
                #[serde(skip_serializing_if = "crate::compute::wire::is_default")]
                pub $field: $type,
            )*
            /// What this client has no name for, unchanged.
            #[serde(flatten)]
            pub other: serde_json::Map<String, serde_json::Value>,
        }
    };
}

pub(crate) use wire_struct;

pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
