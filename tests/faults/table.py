"""Every fault the program must survive, and the tests that say so.

A fault is named by a letter for its place and a number: N network, H answers of the service, S
reasons to stop, T terminal, D disk, C configuration, I input, K clock. A test is named by its
module and its function; behind it, in brackets, stands a word of its parameter where one function
tests many faults.
"""

# ruff: noqa: ISC004 - long names stand in two pieces
from typing import Final

F: Final = "tests/faults"
_NETWORK: Final = (
    f"{F}/test_network.py::test_a_fault_of_the_service_is_told_calmly_and_nothing_is_lost"
)
_RAW: Final = f"{F}/test_network.py::test_an_answer_of_odd_bytes_is_survived"
_HTTP: Final = f"{F}/test_http.py::test_a_refusal_is_told_in_words_and_the_question_is_kept"
_STOP: Final = f"{F}/test_stop_reasons.py::test_why_a_reply_stopped_is_said_and_what_came_is_kept"
_CONFIG: Final = (
    f"{F}/test_config.py::test_a_wrong_file_is_named_with_its_place_and_nothing_is_sent"
)
_SIGNAL: Final = (
    f"{F}/test_terminal.py::test_t4_t12_a_signal_or_a_closed_terminal_ends_it_with_everything_kept"
)
_SPOILT: Final = f"{F}/test_disk.py::test_d6_d7_a_spoilt_file_costs_its_damage_and_no_more"
PIPES: Final = "tests/e2e/test_pipes.py"
STORAGE: Final = "tests/storage/test_faults.py"

FAULTS: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    "N1": ("a name that cannot be resolved", (
        f"{F}/test_network.py::test_n1_a_name_that_cannot_be_resolved",)),
    "N2": ("connection refused", (f"{F}/test_network.py::test_n2_a_port_where_nobody_listens",)),
    "N3": ("certificates: self-signed, expired, a wrong clock", (
        f"{F}/test_network.py::test_n3_a_certificate_nobody_trusts",
        "tests/api/errors/test_exceptions.py"
        "::test_a_certificate_is_blamed_and_the_clock_where_it_may_be_wrong")),
    "N4": ("https to a port of http", (
        f"{F}/test_network.py::test_n4_https_to_a_port_that_speaks_http",)),
    "N5": ("proxies that refuse or are none", (
        f"{F}/test_network.py::test_n5_proxies_that_refuse_or_are_none",)),
    "N6": ("no certificates, no address", (
        f"{F}/test_network.py::test_n6_certificates_and_addresses_that_are_none",)),
    "N7": ("a page, an object, nothing, only signs of life", (f"{_NETWORK}[N7]",)),
    "N8": ("a bad gateway", (f"{_NETWORK}[N8]",)),
    "N9": ("no answer for ever", (f"{_NETWORK}[N9]",)),
    "N10": ("silence in the middle", (f"{_NETWORK}[N10]",)),
    "N11": ("only signs of life after some text", (f"{_NETWORK}[N11]",)),
    "N12": ("reset, torn, shorter than promised", (
        f"{_NETWORK}[N12]", f"{_RAW}[N12 less than was promised]")),
    "N13": ("a clean end too early", (f"{_NETWORK}[N13]",)),
    "N14": ("no JSON, no UTF-8, half an event", (
        f"{_NETWORK}[N14]", f"{_RAW}[N14 an event that is cut]")),
    "N15": ("events and blocks nobody knows", (f"{_NETWORK}[N15]",)),
    "N16": ("an error event", (f"{_NETWORK}[N16]", f"{_RAW}[N16 an error that is no JSON]")),
    "N17": ("everything twice, bytes after the end", (
        f"{_NETWORK}[N17]", f"{_RAW}[N17 bytes after the end]")),
    "N18": ("out of order, wrong types, missing fields", (
        f"{_NETWORK}[N18]", f"{_RAW}[N18 out of order and of wrong types]",
        "tests/api/test_reader.py::test_streams_that_are_spoilt_in_every_way_break_no_promise")),
    "N19": ("far too much: one event, one line, unpacked", (
        f"{_NETWORK}[N19]", f"{_RAW}[N19 a line without end]",
        f"{_RAW}[N19 a little that unpacks to much]")),
    "N20": ("twenty thousand pieces at once", (f"{_RAW}[N20 twenty thousand pieces]",)),
    "N21": ("no content, no usage", (f"{_NETWORK}[N21]",)),
    "N22": ("redirects", (
        f"{_NETWORK}[N22]", f"{F}/test_network.py::test_n22_a_circle_of_redirects_is_not_walked")),
    "N23": ("headers without end, a drop at a time", (
        f"{_NETWORK}[N23]", f"{_RAW}[N23 a drop at a time]")),
    "H1": ("400", (f"{_HTTP}[H1]",
        f"{F}/test_http.py::test_h1_a_context_that_is_too_long_is_told_with_the_way_out")),
    "H2": ("401, 403", (f"{_HTTP}[H2]",
        f"{F}/test_http.py::test_h2_words_of_the_service_that_repeat_the_key_are_cleaned")),
    "H3": ("404", (f"{_HTTP}[H3]",)),
    "H4": ("408, 409, 5xx, 529", (f"{_HTTP}[H4]",
        "tests/api/test_client.py::test_failures_are_waited_out_over_real_http")),
    "H5": ("413, 422", (f"{_HTTP}[H5]",)),
    "H6": ("429 with every kind of wish", (f"{_HTTP}[H6]",
        f"{F}/test_http.py::test_h6_a_wait_that_was_wished_for_is_waited_once",
        f"{F}/test_http.py::test_h6_an_absurd_wait_is_not_waited_for",
        "tests/api/test_patience.py"
        "::test_nothing_in_the_header_makes_it_raise_or_go_back_in_time")),
    "H7": ("402, 431, 499, 501 and others", (f"{_HTTP}[H7]",
        f"{F}/test_http.py::test_h7_a_status_nobody_expects_has_words_too")),
    "S1": ("max_tokens", (f"{_STOP}[S1]",)),
    "S2": ("refusal", (f"{_STOP}[S2]",
        f"{F}/test_stop_reasons.py"
        "::test_s2_a_refusal_without_a_word_is_told_apart_from_an_empty_answer")),
    "S3": ("pause_turn", (f"{_STOP}[S3]",)),
    "S4": ("a tool nobody offered", (f"{_STOP}[S4]",
        f"{F}/test_stop_reasons.py::test_s4_the_name_of_a_tool_is_shown_harmlessly")),
    "S5": ("a full window, a reason nobody knows", (f"{_STOP}[S5]",
        f"{F}/test_stop_reasons.py"
        "::test_s5_a_reason_nobody_knows_is_named_and_shown_harmlessly")),
    "T1": ("a storm of resizes", (
        f"{F}/test_terminal.py::test_t1_a_storm_of_resizes_breaks_neither_prompt_nor_reply",)),
    "T2": ("suspended", (
        f"{F}/test_terminal.py::test_t2_a_suspended_reply_goes_on_or_is_told_to_be_cut",
        "tests/terminal/test_keyboard.py"
        "::test_ctrl_z_suspends_between_two_words_and_the_keys_survive")),
    "T3": ("Ctrl-C at every moment", (
        "tests/e2e/test_chat.py::test_twenty_turns_with_interrupts_at_five_moments",
        f"{PIPES}::test_a_signal_ends_the_answer_with_what_came",
        f"{PIPES}::test_a_signal_while_stdin_is_awaited_ends_at_once")),
    "T4": ("SIGTERM, SIGHUP", (f"{_SIGNAL}[TERM]", f"{_SIGNAL}[HUP]",
        f"{F}/test_terminal.py::test_t4_a_single_shot_that_is_hung_up_on_keeps_what_came")),
    "T5": ("SIGQUIT, SIGKILL", (f"{_SIGNAL}[QUIT]",
        f"{F}/test_terminal.py::test_t5_after_a_kill_the_next_start_says_what_was_recovered",
        f"{STORAGE}::test_a_killed_chat_loses_nothing_that_was_acknowledged")),
    "T6": ("the reader of a pipe leaves", (
        f"{PIPES}::test_a_reader_that_leaves_ends_it_quietly",)),
    "T7": ("a full disk behind stdout", (
        f"{PIPES}::test_a_full_disk_behind_stdout_is_one_line",
        f"{F}/test_terminal.py::test_t7_an_answer_that_cannot_be_written_is_kept")),
    "T8": ("stdout is closed", (
        f"{PIPES}::test_a_closed_stdout_is_told_before_anything_is_sent",)),
    "T9": ("stdin is closed or empty", (
        f"{PIPES}::test_no_question_is_usage_and_never_hangs",)),
    "T10": ("a terminal that can do little", (
        f"{F}/test_terminal.py::test_t10_a_terminal_that_can_do_little_gets_plain_text",)),
    "T11": ("a locale without UTF-8", (
        f"{F}/test_terminal.py::test_t11_a_locale_without_utf8_shows_what_it_can",)),
    "T12": ("the terminal goes away", (f"{_SIGNAL}[gone]",)),
    "D1": ("the disk is full", (
        f"{F}/test_disk.py"
        "::test_d1_on_a_full_disk_the_chat_goes_on_and_is_saved_once_there_is_room",
        f"{STORAGE}::test_a_disk_fault_is_said_and_the_next_turn_tries_again")),
    "D2": ("the disk reports faults", (
        f"{F}/test_disk.py::test_d2_a_call_that_fails_costs_nothing_but_the_file",
        f"{F}/test_disk.py::test_d2_a_chat_whose_every_sync_fails_says_so_and_goes_on",
        f"{STORAGE}::test_after_a_failed_sync_the_file_is_written_anew")),
    "D3": ("the disk is read-only", (
        f"{F}/test_disk.py"
        "::test_d3_a_read_only_home_can_be_read_and_the_chat_is_told_to_be_unsaved",
        f"{STORAGE}::test_a_folder_one_may_not_write_to_can_still_be_read")),
    "D4": ("no home, or an odd one", (
        f"{F}/test_disk.py::test_d4_without_a_home_the_chat_goes_on_unsaved",
        f"{F}/test_disk.py::test_d4_nothing_is_lost_of_a_single_shot_without_a_home")),
    "D5": ("one conversation opened twice", (
        f"{F}/test_disk.py"
        "::test_d5_who_opens_a_conversation_second_is_told_and_works_on_a_copy",)),
    "D6": ("spoilt files", (f"{_SPOILT}[a torn tail]", f"{_SPOILT}[zeroed blocks]",
        f"{F}/test_disk.py::test_d6_a_store_of_rubbish_hides_nothing",
        f"{STORAGE}::test_a_damaged_file_gives_all_that_is_intact")),
    "D7": ("files of another version", (f"{_SPOILT}[a record of nobody]",
        "tests/storage/test_journal.py::test_what_a_newer_version_wrote_is_left_alone")),
    "D8": ("many at the same time", (
        f"{F}/test_disk.py::test_d8_chats_at_the_same_time_hide_nothing_of_each_other",
        f"{STORAGE}::test_many_chats_at_once_lose_nothing")),
    "C1": ("no TOML", (f"{_CONFIG}[C1]",)),
    "C2": ("other encodings, too deep, too long", (f"{_CONFIG}[C2]",
        f"{F}/test_config.py::test_c2_a_byte_order_mark_is_no_mistake")),
    "C3": ("unknown keys, wrong types", (f"{_CONFIG}[C3]",)),
    "C4": ("a file that anybody may change", (
        f"{F}/test_config.py"
        "::test_c4_a_file_that_anybody_may_change_runs_nothing_and_sends_no_key",)),
    "I1": ("a paste of a megabyte", (
        f"{F}/test_terminal.py::test_i1_a_large_paste_is_one_message_to_the_byte",)),
    "I2": ("NUL, half characters, no UTF-8", (
        f"{F}/test_input.py::test_i2_what_is_no_text_is_replaced_before_it_is_kept_or_sent",)),
    "I3": ("binary, nothing, far too much", (
        f"{F}/test_input.py"
        "::test_i3_what_cannot_be_asked_is_refused_before_anything_is_sent",
        f"{PIPES}::test_too_much_on_stdin_is_refused_in_little_memory")),
    "I4": ("hostile names", (
        f"{F}/test_input.py"
        "::test_i4_hostile_names_of_files_and_models_are_shown_harmlessly",)),
    "K1": ("a clock that jumps", (
        f"{F}/test_clock.py::test_k1_turns_stay_in_their_order_whatever_the_clock_says",
        f"{F}/test_clock.py::test_k1_a_wait_is_measured_by_no_calendar")),
}  # fmt: skip
