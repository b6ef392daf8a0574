//! Tables, the same on both databases; `migrations/` makes them.

diesel::table! {
    ledger_head (id) {
        id -> BigInt,
        seq -> BigInt,
        hash -> Binary,
        next_entry -> BigInt,
        writes -> BigInt,
        organisation -> BigInt,
    }
}

diesel::table! {
    departments (id) {
        id -> BigInt,
        code -> Text,
        name -> Text,
        name_key -> Text,
        credit_code -> Nullable<Text>,
        region -> Nullable<Text>,
        parent_id -> Nullable<BigInt>,
        category -> Nullable<Text>,
        sort -> BigInt,
        provisional -> Bool,
    }
}

diesel::table! {
    department_aliases (alias_key, department_id) {
        alias_key -> Text,
        department_id -> BigInt,
        alias -> Text,
        kind -> Text,
    }
}

diesel::table! {
    imports (id) {
        id -> BigInt,
        at -> Timestamp,
        actor -> Text,
        file_name -> Text,
        file_digest -> Text,
        state -> Text,
        change_set -> Nullable<BigInt>,
        undone_by -> Nullable<BigInt>,
        rows_new -> BigInt,
        rows_changed -> BigInt,
        rows_same -> BigInt,
        rows_refused -> BigInt,
        rows_skipped -> BigInt,
    }
}

diesel::table! {
    change_sets (seq) {
        seq -> BigInt,
        at -> Timestamp,
        actor -> Text,
        source -> Text,
        reason -> Text,
        valid_on -> Nullable<Text>,
        import_id -> Nullable<BigInt>,
        undoes -> Nullable<BigInt>,
        entries -> BigInt,
        digest -> Binary,
        prev -> Binary,
        hash -> Binary,
    }
}

diesel::table! {
    entries (id) {
        id -> BigInt,
        register -> Text,
        code -> Text,
        name -> Text,
        name_key -> Text,
        department_id -> BigInt,
        within_id -> Nullable<BigInt>,
        region -> Nullable<Text>,
        stage -> Text,
        amount -> Nullable<BigInt>,
        year -> Nullable<Integer>,
        completeness -> Integer,
        published -> Bool,
        present -> Bool,
        revision -> Integer,
        created_seq -> BigInt,
        changed_seq -> BigInt,
        attributes -> Text,
    }
}

diesel::table! {
    revisions (seq, ordinal) {
        seq -> BigInt,
        ordinal -> BigInt,
        entry_id -> BigInt,
        revision -> Integer,
        op -> Text,
        before -> Nullable<Text>,
        digest -> Binary,
    }
}

diesel::table! {
    relations (from_id, field, to_id, since_seq) {
        from_id -> BigInt,
        field -> Text,
        to_id -> BigInt,
        since_seq -> BigInt,
        until_seq -> Nullable<BigInt>,
    }
}

diesel::table! {
    import_mappings (department, signature) {
        department -> Text,
        signature -> Text,
        register -> Text,
        mapping -> Text,
    }
}

diesel::table! {
    extra_columns (register, header) {
        register -> Text,
        header -> Text,
    }
}

diesel::table! {
    audit_head (id) {
        id -> BigInt,
        seq -> BigInt,
        hash -> Binary,
    }
}

diesel::table! {
    audit_log (seq) {
        seq -> BigInt,
        at -> Timestamp,
        account_id -> Nullable<BigInt>,
        actor -> Text,
        action -> Text,
        object -> Text,
        department_id -> Nullable<BigInt>,
        result -> Text,
        detail -> Text,
        address -> Text,
        request_id -> Text,
        prev -> Binary,
        hash -> Binary,
    }
}

diesel::table! {
    saved_views (id) {
        id -> BigInt,
        register -> Text,
        name -> Text,
        account_id -> BigInt,
        department_id -> Nullable<BigInt>,
        shared -> Bool,
        query -> Text,
        at -> Timestamp,
    }
}

diesel::table! {
    attachments (id) {
        id -> BigInt,
        entry_id -> BigInt,
        kind -> Text,
        file_name -> Text,
        media_type -> Text,
        size -> BigInt,
        digest -> Text,
        account_id -> Nullable<BigInt>,
        actor -> Text,
        at -> Timestamp,
        removed_at -> Nullable<Timestamp>,
        removed_by -> Nullable<Text>,
    }
}

diesel::table! {
    search_state (id) {
        id -> BigInt,
        fingerprint -> Text,
    }
}

diesel::allow_tables_to_appear_in_same_query!(
    entries,
    departments,
    revisions,
    change_sets,
    relations
);
