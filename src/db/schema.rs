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
        bureau -> Bool,
        unit -> Bool,
        valid_from -> Nullable<Date>,
        valid_until -> Nullable<Date>,
        merged_into -> Nullable<BigInt>,
        revision -> BigInt,
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
        account_id -> Nullable<BigInt>,
        department_id -> Nullable<BigInt>,
        changed_at -> Nullable<Timestamp>,
        version -> BigInt,
        stored -> Text,
        size -> BigInt,
        options -> Text,
        report -> Text,
        touched -> Text,
        rounds -> BigInt,
        round -> BigInt,
        head_seq -> Nullable<BigInt>,
        plan_digest -> Text,
        message -> Text,
        request_key -> Text,
        undone -> Text,
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
        party_id -> Nullable<BigInt>,
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
    accounts (id) {
        id -> BigInt,
        login -> Text,
        name -> Text,
        department_id -> Nullable<BigInt>,
        password_hash -> Text,
        password_set_at -> Timestamp,
        must_change -> Bool,
        totp_secret -> Nullable<Text>,
        totp_confirmed -> Bool,
        totp_step -> BigInt,
        active -> Bool,
        epoch -> BigInt,
        version -> BigInt,
        created_at -> Timestamp,
        created_by -> Text,
        last_sign_in_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    account_grants (id) {
        id -> BigInt,
        account_id -> BigInt,
        role -> Text,
        department_id -> Nullable<BigInt>,
        granted_by -> Text,
        granted_at -> Timestamp,
        ended_by -> Nullable<Text>,
        ended_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    account_passwords (id) {
        id -> BigInt,
        account_id -> BigInt,
        hash -> Text,
        set_at -> Timestamp,
    }
}

diesel::table! {
    account_sessions (id) {
        id -> BigInt,
        account_id -> BigInt,
        kind -> Text,
        secret_hash -> Text,
        turn_hash -> Text,
        turned_hash -> Text,
        turned_at -> Timestamp,
        epoch -> BigInt,
        address -> Text,
        created_at -> Timestamp,
        last_used_at -> Timestamp,
        expires_at -> Timestamp,
        ended_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    api_tokens (id) {
        id -> BigInt,
        account_id -> BigInt,
        name -> Text,
        secret_hash -> Text,
        writes -> Bool,
        epoch -> BigInt,
        created_at -> Timestamp,
        expires_at -> Timestamp,
        last_used_at -> Nullable<Timestamp>,
        revoked_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    sign_in_failures (scope, subject) {
        scope -> Text,
        subject -> Text,
        failures -> BigInt,
        first_at -> Timestamp,
        locked_until -> Nullable<Timestamp>,
    }
}

diesel::table! {
    setup_codes (id) {
        id -> BigInt,
        hash -> Text,
        made_at -> Timestamp,
        expires_at -> Timestamp,
        failures -> BigInt,
        used_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    import_rows (import_id, round, sheet, line) {
        import_id -> BigInt,
        round -> BigInt,
        sheet -> BigInt,
        line -> BigInt,
        outcome -> Text,
        reason -> Text,
        register -> Text,
        code -> Text,
        name -> Text,
        department_id -> Nullable<BigInt>,
        fields -> Text,
        cells -> Text,
        problems -> Text,
        texts -> Text,
    }
}

diesel::table! {
    import_corrections (id) {
        id -> BigInt,
        import_id -> BigInt,
        sheet -> BigInt,
        line -> BigInt,
        place -> BigInt,
        said -> Text,
        text -> Text,
        account_id -> Nullable<BigInt>,
        actor -> Text,
        at -> Timestamp,
    }
}

diesel::table! {
    jobs (id) {
        id -> BigInt,
        kind -> Text,
        subject -> Nullable<BigInt>,
        account_id -> Nullable<BigInt>,
        actor -> Text,
        payload -> Text,
        state -> Text,
        attempts -> BigInt,
        done -> BigInt,
        total -> Nullable<BigInt>,
        message -> Text,
        claimed_by -> Nullable<Text>,
        heartbeat -> Nullable<Timestamp>,
        created_at -> Timestamp,
        started_at -> Nullable<Timestamp>,
        finished_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    idempotency_keys (account_id, name) {
        account_id -> BigInt,
        name -> Text,
        digest -> Text,
        status -> Integer,
        answer -> Text,
        etag -> Nullable<Text>,
        at -> Timestamp,
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

diesel::table! {
    department_events (id) {
        id -> BigInt,
        department_id -> BigInt,
        kind -> Text,
        true_from -> Nullable<Date>,
        recorded_at -> Timestamp,
        account_id -> Nullable<BigInt>,
        actor -> Text,
        reason -> Text,
        before -> Text,
        after -> Text,
    }
}

diesel::table! {
    people (id) {
        id -> BigInt,
        name -> Text,
        name_key -> Text,
        department_id -> BigInt,
        post -> Text,
        office -> Text,
        background -> Text,
        phone -> Text,
        mobile -> Text,
        email -> Text,
        account_id -> Nullable<BigInt>,
        active -> Bool,
        confirmed_on -> Nullable<Date>,
        revision -> BigInt,
        made_at -> Timestamp,
        changed_at -> Timestamp,
    }
}

diesel::table! {
    appointments (id) {
        id -> BigInt,
        person_id -> BigInt,
        department_id -> BigInt,
        role -> Text,
        from_on -> Date,
        until_on -> Nullable<Date>,
        change -> Text,
        reason -> Text,
        end_change -> Nullable<Text>,
        end_reason -> Text,
        ended_by -> Nullable<BigInt>,
        void -> Bool,
        revision -> BigInt,
        made_at -> Timestamp,
        made_by -> Text,
    }
}

diesel::table! {
    filings (id) {
        id -> BigInt,
        department_id -> BigInt,
        bureau_id -> Nullable<BigInt>,
        appointment_id -> BigInt,
        former_id -> Nullable<BigInt>,
        role -> Text,
        change -> Text,
        reason -> Text,
        state -> Text,
        form -> Text,
        revision -> BigInt,
        made_at -> Timestamp,
        made_by -> Text,
        submitted_at -> Nullable<Timestamp>,
        submitter_id -> Nullable<BigInt>,
        submitter -> Nullable<Text>,
        answered_at -> Nullable<Timestamp>,
        answerer -> Nullable<Text>,
        answer -> Text,
    }
}

diesel::table! {
    filing_steps (id) {
        id -> BigInt,
        filing_id -> BigInt,
        at -> Timestamp,
        act -> Text,
        from_state -> Text,
        to_state -> Text,
        account_id -> Nullable<BigInt>,
        actor -> Text,
        note -> Text,
        form -> Text,
    }
}

diesel::table! {
    filing_papers (id) {
        id -> BigInt,
        filing_id -> BigInt,
        name -> Text,
        media_type -> Text,
        size -> BigInt,
        digest -> Text,
        content -> Binary,
        added_at -> Timestamp,
        added_by -> Text,
    }
}

diesel::table! {
    calendar_years (year) {
        year -> Integer,
        published -> Bool,
        source -> Text,
    }
}

diesel::table! {
    calendar_days (day) {
        day -> Date,
        kind -> Text,
        name -> Text,
        source -> Text,
    }
}

diesel::table! {
    time_limit_settings (rule_id) {
        rule_id -> Text,
        enabled -> Bool,
        amount -> Nullable<Integer>,
        unit -> Nullable<Text>,
        region -> Text,
        valid_from -> Nullable<Date>,
        valid_until -> Nullable<Date>,
        source -> Text,
        version -> Integer,
    }
}

diesel::table! {
    almanac_head (id) {
        id -> BigInt,
        calendar -> Integer,
        limits -> Integer,
    }
}

diesel::table! {
    deadlines (entry_id, rule) {
        entry_id -> BigInt,
        rule -> Text,
        department_id -> BigInt,
        limit_id -> Text,
        start_on -> Nullable<Date>,
        opens_on -> Nullable<Date>,
        due_on -> Date,
        provisional -> Bool,
        warn_on -> Date,
        lapse_on -> Nullable<Date>,
        done -> Bool,
        done_on -> Nullable<Date>,
        late -> Bool,
        level -> Integer,
        level_on -> Nullable<Date>,
    }
}

diesel::table! {
    deadline_head (id) {
        id -> BigInt,
        seq -> BigInt,
        calendar -> Integer,
        limits -> Integer,
        fingerprint -> Text,
        reminded_on -> Nullable<Date>,
        writes -> BigInt,
    }
}

diesel::table! {
    notices (id) {
        id -> BigInt,
        account_id -> BigInt,
        at -> Timestamp,
        kind -> Text,
        text -> Text,
        href -> Text,
        read_at -> Nullable<Timestamp>,
        dedupe -> Text,
    }
}

diesel::table! {
    mails (id) {
        id -> BigInt,
        address -> Text,
        subject -> Text,
        body -> Text,
        made_at -> Timestamp,
        state -> Text,
        attempts -> Integer,
        tried_at -> Nullable<Timestamp>,
        fault -> Text,
    }
}

diesel::table! {
    submissions (id) {
        id -> BigInt,
        entry_id -> BigInt,
        kind -> Text,
        state -> Text,
        open -> Bool,
        version -> BigInt,
        round -> BigInt,
        department_id -> BigInt,
        bureau_id -> Nullable<BigInt>,
        season -> Text,
        reason -> Text,
        reason_class -> Text,
        proposed -> Text,
        form_revision -> Nullable<Integer>,
        form_digest -> Text,
        gate_version -> Nullable<BigInt>,
        opened_at -> Timestamp,
        opened_by -> Text,
        opener_id -> Nullable<BigInt>,
        submitted_at -> Nullable<Timestamp>,
        submitter -> Nullable<Text>,
        submitter_id -> Nullable<BigInt>,
        state_since -> Timestamp,
        decided_at -> Nullable<Timestamp>,
        decided_by -> Nullable<Text>,
        outcome -> Text,
        opinion -> Text,
        merged_into -> Nullable<BigInt>,
    }
}

diesel::table! {
    submission_acts (id) {
        id -> BigInt,
        submission_id -> BigInt,
        round -> BigInt,
        version -> BigInt,
        at -> Timestamp,
        act -> Text,
        from_state -> Text,
        to_state -> Text,
        account_id -> Nullable<BigInt>,
        actor -> Text,
        department_id -> Nullable<BigInt>,
        opinion -> Text,
        change_set -> Nullable<BigInt>,
        detail -> Text,
    }
}

diesel::table! {
    review_opinions (id) {
        id -> BigInt,
        submission_id -> BigInt,
        entry_id -> BigInt,
        round -> BigInt,
        account_id -> Nullable<BigInt>,
        department_id -> Nullable<BigInt>,
        name -> Text,
        office -> Text,
        open -> Bool,
        version -> BigInt,
        assigned_at -> Timestamp,
        assigned_by -> Text,
        score -> Nullable<Integer>,
        verdict -> Text,
        opinion -> Text,
        given_at -> Nullable<Timestamp>,
        giver_id -> Nullable<BigInt>,
        giver -> Text,
    }
}

diesel::table! {
    findings (id) {
        id -> BigInt,
        submission_id -> BigInt,
        field -> Text,
        text -> Text,
        state -> Text,
        version -> BigInt,
        raised_at -> Timestamp,
        raiser -> Text,
        raiser_id -> Nullable<BigInt>,
        settled_at -> Nullable<Timestamp>,
        settler -> Nullable<Text>,
    }
}

diesel::table! {
    finding_notes (id) {
        id -> BigInt,
        finding_id -> BigInt,
        at -> Timestamp,
        act -> Text,
        account_id -> Nullable<BigInt>,
        actor -> Text,
        text -> Text,
    }
}

diesel::table! {
    approvals (id) {
        id -> BigInt,
        entry_id -> BigInt,
        submission_id -> BigInt,
        kind -> Text,
        outcome -> Text,
        day -> Date,
        at -> Timestamp,
        revision -> Integer,
        digest -> Text,
        asked -> Nullable<BigInt>,
        amount -> Nullable<BigInt>,
        gate_version -> Nullable<BigInt>,
        number -> Text,
        bureau_id -> Nullable<BigInt>,
        account_id -> Nullable<BigInt>,
        actor -> Text,
        change_set -> Nullable<BigInt>,
        duplicate_run -> Nullable<BigInt>,
    }
}

diesel::table! {
    approval_answers (approval_id, ordinal) {
        approval_id -> BigInt,
        ordinal -> Integer,
        other_id -> BigInt,
        score -> Integer,
        strong -> Bool,
        verdict -> Text,
        reason -> Text,
        answered_by -> Text,
        answered_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    approval_cuts (approval_id, ordinal) {
        approval_id -> BigInt,
        ordinal -> Integer,
        item -> Text,
        amount -> BigInt,
        reason -> Text,
    }
}

diesel::table! {
    stage_steps (id) {
        id -> BigInt,
        entry_id -> BigInt,
        at -> Timestamp,
        arrow -> Text,
        from_step -> Text,
        to_step -> Text,
        gate -> Text,
        gate_version -> Nullable<BigInt>,
        submission_id -> Nullable<BigInt>,
        carried_by -> Nullable<BigInt>,
        account_id -> Nullable<BigInt>,
        actor -> Text,
        note -> Text,
        change_set -> BigInt,
    }
}

diesel::table! {
    review_sheets (id) {
        id -> BigInt,
        code -> Text,
        submission_id -> BigInt,
        version -> BigInt,
        content -> Text,
        digest -> Text,
        head_seq -> BigInt,
        at -> Timestamp,
        account_id -> Nullable<BigInt>,
        actor -> Text,
    }
}

diesel::table! {
    duplicate_batches (id) {
        id -> BigInt,
        account_id -> Nullable<BigInt>,
        actor -> Text,
        title -> Text,
        entries -> Text,
        at -> Timestamp,
    }
}

diesel::table! {
    duplicate_runs (id) {
        id -> BigInt,
        entry_id -> BigInt,
        submission_id -> Nullable<BigInt>,
        batch_id -> Nullable<BigInt>,
        review -> Bool,
        digest -> Text,
        compared -> BigInt,
        hidden -> BigInt,
        listed -> Text,
        account_id -> Nullable<BigInt>,
        actor -> Text,
        at -> Timestamp,
    }
}

diesel::table! {
    duplicate_hits (id) {
        id -> BigInt,
        run_id -> BigInt,
        entry_id -> BigInt,
        other_id -> BigInt,
        score -> Integer,
        strong -> Bool,
        phase -> Bool,
        parts -> Text,
        words -> Text,
        digest -> Text,
        verdict -> Nullable<Text>,
        reason -> Text,
        account_id -> Nullable<BigInt>,
        answered_by -> Nullable<Text>,
        answered_at -> Nullable<Timestamp>,
        version -> BigInt,
    }
}

diesel::table! {
    build_lists (id) {
        id -> BigInt,
        kind -> Text,
        department_id -> BigInt,
        region -> Text,
        category -> Text,
        name -> Text,
        description -> Text,
        capability -> Text,
        own_part -> Text,
        clause -> Text,
        advice -> Text,
        version -> BigInt,
        actor -> Text,
        at -> Timestamp,
        removed_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    entry_merges (id) {
        id -> BigInt,
        kept_id -> BigInt,
        dropped_id -> BigInt,
        seq -> BigInt,
        attachments -> Text,
        reason -> Text,
        actor -> Text,
        at -> Timestamp,
        undone_seq -> Nullable<BigInt>,
        undone_by -> Nullable<Text>,
    }
}

diesel::table! {
    campaigns (id) {
        id -> BigInt,
        title -> Text,
        year -> Integer,
        basis -> Text,
        bureau_id -> BigInt,
        registers -> Text,
        fields -> Text,
        gates_on -> Nullable<Date>,
        due_on -> Date,
        remind_days -> Integer,
        state -> Text,
        version -> BigInt,
        opened_at -> Timestamp,
        opened_by -> Text,
        opener_id -> Nullable<BigInt>,
        opened_seq -> BigInt,
        reminded_on -> Nullable<Date>,
        closed_at -> Nullable<Timestamp>,
        closed_by -> Nullable<Text>,
        closer_id -> Nullable<BigInt>,
        closed_seq -> Nullable<BigInt>,
        head -> Nullable<Text>,
        entries -> Nullable<BigInt>,
        digest -> Nullable<Text>,
        forced -> Nullable<Text>,
    }
}

diesel::table! {
    campaign_departments (campaign_id, department_id) {
        campaign_id -> BigInt,
        department_id -> BigInt,
        state -> Text,
        attested_none -> Bool,
        version -> BigInt,
        submitted_at -> Nullable<Timestamp>,
        submitted_by -> Nullable<Text>,
        submitter_id -> Nullable<BigInt>,
        outcome -> Nullable<Text>,
        entries -> Nullable<BigInt>,
        digest -> Nullable<Text>,
        code -> Nullable<Text>,
        content -> Nullable<Text>,
        content_digest -> Nullable<Text>,
    }
}

diesel::table! {
    campaign_entries (campaign_id, entry_id) {
        campaign_id -> BigInt,
        entry_id -> BigInt,
        department_id -> BigInt,
        revision -> Integer,
        answer -> Text,
        note -> Text,
        to_department_id -> Nullable<BigInt>,
        version -> BigInt,
        account_id -> Nullable<BigInt>,
        actor -> Text,
        at -> Timestamp,
        reply -> Text,
        reply_note -> Text,
        replied_by -> Nullable<Text>,
        replied_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    campaign_units (campaign_id, department_id) {
        campaign_id -> BigInt,
        department_id -> BigInt,
        head_id -> BigInt,
    }
}

diesel::table! {
    share_requests (id) {
        id -> BigInt,
        consumer_id -> BigInt,
        provider_id -> BigInt,
        bureau_id -> Nullable<BigInt>,
        dataset_id -> BigInt,
        dataset_name -> Text,
        share_attr -> Text,
        consumer_system -> Text,
        consumer_system_id -> Nullable<BigInt>,
        items -> Text,
        basis -> Text,
        scene -> Text,
        use_scope -> Text,
        share_mode -> Text,
        valid_until -> Nullable<Date>,
        contact -> Text,
        contact_phone -> Text,
        argument -> Text,
        state -> Text,
        open -> Bool,
        version -> BigInt,
        made_at -> Timestamp,
        made_by -> Text,
        maker_id -> Nullable<BigInt>,
        submitted_at -> Nullable<Timestamp>,
        state_since -> Timestamp,
        link_code -> Nullable<Text>,
        issue_id -> Nullable<BigInt>,
        ended_at -> Nullable<Timestamp>,
        end_reason -> Text,
        disposal -> Text,
    }
}

diesel::table! {
    share_answers (request_id) {
        request_id -> BigInt,
        papers_asked_at -> Nullable<Timestamp>,
        papers -> Text,
        supplemented_at -> Nullable<Timestamp>,
        supplement -> Text,
        ext_state -> Text,
        ext_days -> Integer,
        ext_reason -> Text,
        ext_asked_at -> Nullable<Timestamp>,
        ext_decided_at -> Nullable<Timestamp>,
        ext_decided_by -> Text,
        ext_note -> Text,
        verdict -> Text,
        answer -> Text,
        answer_basis -> Text,
        drafter -> Text,
        drafter_id -> Nullable<BigInt>,
        answered_at -> Nullable<Timestamp>,
        answered_by -> Text,
        supplied_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    share_consultations (id) {
        id -> BigInt,
        request_id -> BigInt,
        kind -> Text,
        wish -> Text,
        wished_at -> Timestamp,
        wished_by -> Text,
        reply -> Text,
        reply_text -> Text,
        replied_at -> Nullable<Timestamp>,
        replied_by -> Text,
        word -> Text,
        word_text -> Text,
        word_at -> Nullable<Timestamp>,
        word_by -> Text,
        filed_at -> Nullable<Timestamp>,
        filed_by -> Text,
        outcome -> Text,
        closed_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    share_acts (id) {
        id -> BigInt,
        request_id -> BigInt,
        version -> BigInt,
        at -> Timestamp,
        act -> Text,
        from_state -> Text,
        to_state -> Text,
        account_id -> Nullable<BigInt>,
        actor -> Text,
        department_id -> Nullable<BigInt>,
        note -> Text,
    }
}

diesel::table! {
    share_corrections (id) {
        id -> BigInt,
        request_id -> BigInt,
        state -> Text,
        version -> BigInt,
        subject -> Text,
        raised_at -> Timestamp,
        raised_by -> Text,
    }
}

diesel::table! {
    share_correction_notes (id) {
        id -> BigInt,
        correction_id -> BigInt,
        at -> Timestamp,
        act -> Text,
        account_id -> Nullable<BigInt>,
        actor -> Text,
        text -> Text,
    }
}

diesel::table! {
    share_uses (id) {
        id -> BigInt,
        request_id -> BigInt,
        used_on -> Date,
        scene -> Text,
        process -> Text,
        outcome -> Text,
        storage -> Text,
        disposal -> Text,
        made_at -> Timestamp,
        made_by -> Text,
    }
}

diesel::table! {
    share_clocks (id) {
        id -> BigInt,
        request_id -> BigInt,
        correction_id -> Nullable<BigInt>,
        kind -> Text,
        rule_id -> Text,
        department_id -> BigInt,
        start_on -> Date,
        extension -> Integer,
        paused -> Integer,
        paused_on -> Nullable<Date>,
        done_on -> Nullable<Date>,
        due_on -> Nullable<Date>,
        late -> Bool,
        void -> Bool,
        reminded_on -> Nullable<Date>,
    }
}

diesel::allow_tables_to_appear_in_same_query!(
    share_requests,
    share_answers,
    share_corrections,
    share_clocks
);

diesel::allow_tables_to_appear_in_same_query!(people, appointments, filings);

diesel::allow_tables_to_appear_in_same_query!(
    entries,
    departments,
    revisions,
    change_sets,
    relations,
    submissions,
    review_opinions,
    attachments,
    stage_steps
);

diesel::allow_tables_to_appear_in_same_query!(
    accounts,
    account_grants,
    account_sessions,
    api_tokens
);

diesel::allow_columns_to_appear_in_same_group_by_clause!(entries::register, revisions::op);

diesel::allow_tables_to_appear_in_same_query!(entries, deadlines);

diesel::allow_tables_to_appear_in_same_query!(entries, campaign_entries);

diesel::allow_columns_to_appear_in_same_group_by_clause!(
    entries::department_id,
    campaign_entries::answer
);

diesel::table! {
    link_ends (entry_id, side) {
        entry_id -> BigInt,
        side -> Text,
        state -> Text,
        said -> Text,
        note -> Text,
        revision -> Integer,
        version -> BigInt,
        account_id -> Nullable<BigInt>,
        actor -> Text,
        at -> Timestamp,
    }
}

diesel::table! {
    link_acts (id) {
        id -> BigInt,
        entry_id -> BigInt,
        side -> Text,
        act -> Text,
        from_state -> Text,
        to_state -> Text,
        said -> Text,
        note -> Text,
        before -> Nullable<Text>,
        version -> BigInt,
        import_id -> Nullable<BigInt>,
        change_set -> Nullable<BigInt>,
        told -> Bool,
        account_id -> Nullable<BigInt>,
        actor -> Text,
        at -> Timestamp,
    }
}

diesel::allow_tables_to_appear_in_same_query!(entries, link_ends);

diesel::allow_tables_to_appear_in_same_query!(entries, link_acts);

diesel::table! {
    issues (id) {
        id -> BigInt,
        year -> Integer,
        ordinal -> Integer,
        kind -> Text,
        title -> Text,
        text -> Text,
        raised_by -> BigInt,
        owed_by -> BigInt,
        cause -> Nullable<Text>,
        state -> Text,
        open -> Bool,
        version -> BigInt,
        rung -> Integer,
        handler_id -> Nullable<BigInt>,
        turn -> Text,
        start_on -> Date,
        days -> Nullable<Integer>,
        due_on -> Date,
        provisional -> Bool,
        opened_at -> Timestamp,
        opened_by -> Text,
        opener_id -> Nullable<BigInt>,
        proof_seq -> BigInt,
        proposer_id -> Nullable<BigInt>,
        proposer -> Text,
        proof -> Text,
        decision -> Text,
        closed_at -> Nullable<Timestamp>,
        closed_by -> Nullable<Text>,
        outcome -> Text,
        reopened -> Integer,
    }
}

diesel::table! {
    issue_entries (issue_id, entry_id) {
        issue_id -> BigInt,
        entry_id -> BigInt,
    }
}

diesel::table! {
    issue_steps (id) {
        id -> BigInt,
        issue_id -> BigInt,
        version -> BigInt,
        at -> Timestamp,
        act -> Text,
        from_state -> Text,
        to_state -> Text,
        rung -> Integer,
        turn -> Text,
        account_id -> Nullable<BigInt>,
        actor -> Text,
        department_id -> Nullable<BigInt>,
        note -> Text,
        detail -> Text,
    }
}

diesel::table! {
    issue_files (id) {
        id -> BigInt,
        issue_id -> BigInt,
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
    issue_head (id) {
        id -> BigInt,
        days -> Integer,
        calendar -> Integer,
        reminded_on -> Nullable<Date>,
    }
}

diesel::allow_tables_to_appear_in_same_query!(entries, issue_entries);

diesel::allow_tables_to_appear_in_same_query!(issues, issue_steps);

diesel::table! {
    dataset_collection (entry_id) {
        entry_id -> BigInt,
        department_id -> BigInt,
        shared -> Bool,
        opened -> Bool,
        standing -> Text,
        mode -> Text,
        cycle -> Text,
        since -> Text,
        updated_on -> Nullable<Date>,
        due_on -> Nullable<Date>,
    }
}

diesel::table! {
    collection_head (id) {
        id -> BigInt,
        seq -> BigInt,
        fingerprint -> Text,
    }
}

diesel::allow_tables_to_appear_in_same_query!(entries, dataset_collection);

diesel::allow_columns_to_appear_in_same_group_by_clause!(
    dataset_collection::department_id,
    dataset_collection::shared,
    dataset_collection::opened,
    dataset_collection::standing
);

diesel::table! {
    reconcile_head (id) {
        id -> BigInt,
        ran_on -> Nullable<Date>,
        ran_at -> Nullable<Timestamp>,
        actor -> Text,
        findings -> BigInt,
        opened -> BigInt,
        healed -> BigInt,
    }
}

diesel::table! {
    catalogue_extensions (submission_id) {
        submission_id -> BigInt,
        state -> Text,
        bureau_id -> BigInt,
        reason -> Text,
        asked_at -> Timestamp,
        asked_by -> Text,
        asker_id -> Nullable<BigInt>,
        decided_at -> Nullable<Timestamp>,
        decided_by -> Text,
        note -> Text,
    }
}

diesel::allow_tables_to_appear_in_same_query!(submissions, catalogue_extensions);
