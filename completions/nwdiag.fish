# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_nwdiag_global_optspecs
    string join \n h/help V/version
end

function __fish_nwdiag_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_nwdiag_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_nwdiag_using_subcommand
    set -l cmd (__fish_nwdiag_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c nwdiag -n "__fish_nwdiag_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nwdiag -n "__fish_nwdiag_needs_command" -s V -l version -d 'Print version'
complete -c nwdiag -n "__fish_nwdiag_needs_command" -f -a "watch" -d 'Connect, print one line per event, and record the journal'
complete -c nwdiag -n "__fish_nwdiag_needs_command" -f -a "summary" -d 'Report what the journal knows, as a table for reading'
complete -c nwdiag -n "__fish_nwdiag_needs_command" -f -a "export" -d 'Report what the journal knows, as JSON for programs'
complete -c nwdiag -n "__fish_nwdiag_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c nwdiag -n "__fish_nwdiag_using_subcommand watch" -l format -d 'What to print [default: text]' -r -f -a "text\t'One line per event, for people'
json\t'The journal\'s records, one JSON object per line'"
complete -c nwdiag -n "__fish_nwdiag_using_subcommand watch" -l duration -d 'Stop after this time, connected or not (500ms, 90s, 5m, 24h, 7d)' -r
complete -c nwdiag -n "__fish_nwdiag_using_subcommand watch" -l max-events -d 'Stop after N records; start, subscribed, sample and stop do not count' -r
complete -c nwdiag -n "__fish_nwdiag_using_subcommand watch" -l max-attempts -d 'Give up, with exit code 1, after N failed attempts in a row' -r
complete -c nwdiag -n "__fish_nwdiag_using_subcommand watch" -l journal -d 'Record to FILE [default: $XDG_STATE_HOME/nwdiag/TARGET.jsonl]' -r -F
complete -c nwdiag -n "__fish_nwdiag_using_subcommand watch" -l sample-interval -d 'Record a sample this often, 1s to 24h [default: 60s]' -r
complete -c nwdiag -n "__fish_nwdiag_using_subcommand watch" -l topic -d 'Subscribe to FILTER; repeat for several [default: none; demo: demo/#; navien: its devices]' -r
complete -c nwdiag -n "__fish_nwdiag_using_subcommand watch" -l qos -d 'QoS of the subscriptions: 0, 1 or 2 [default: 0; demo and navien: 1]' -r
complete -c nwdiag -n "__fish_nwdiag_using_subcommand watch" -l client-id -d 'Connect as ID [default: nwdiag- or, on navien, navien-client- and 8 random hex digits]' -r
complete -c nwdiag -n "__fish_nwdiag_using_subcommand watch" -l keep-alive -d 'Keep-alive that CONNECT announces, 1s to 65535s, whole seconds [default: 60s; demo: 10s]' -r
complete -c nwdiag -n "__fish_nwdiag_using_subcommand watch" -l protocol -d 'MQTT version to speak: 3.1.1, 5 or auto [default: auto; navien: 3.1.1]' -r -f -a "auto\t'MQTT 5, and 3.1.1 where the broker does not take that'
3.1.1\t'MQTT 3.1.1'
5\t'MQTT 5'"
complete -c nwdiag -n "__fish_nwdiag_using_subcommand watch" -l clean-session -d 'Whether the broker forgets the session between connections [default: true]' -r -f -a "true\t''
false\t''"
complete -c nwdiag -n "__fish_nwdiag_using_subcommand watch" -l connect-timeout -d 'Time for an attempt to connect, name lookup to CONNACK, 1ms to 1h [default: 10s; demo: 3s]' -r
complete -c nwdiag -n "__fish_nwdiag_using_subcommand watch" -l ping-interval -d 'Silence, either way, before a ping, 1s to the keep-alive [default: the keep-alive; demo: 2s]' -r
complete -c nwdiag -n "__fish_nwdiag_using_subcommand watch" -l ping-timeout -d 'Time for the answer to a ping, 1ms to 1h [default: 3s; demo: 1s]' -r
complete -c nwdiag -n "__fish_nwdiag_using_subcommand watch" -l max-packet -d 'Largest packet to take in, 16 bytes to 256MiB [default: 1MiB]' -r
complete -c nwdiag -n "__fish_nwdiag_using_subcommand watch" -l probe -d 'Publish a small message at QoS 1 to TOPIC and time its PUBACK [default TOPIC: nwdiag/probe]' -r
complete -c nwdiag -n "__fish_nwdiag_using_subcommand watch" -l probe-interval -d 'Time between probes, 1s to 1d; needs --probe [default: 60s; navien: 5m]' -r
complete -c nwdiag -n "__fish_nwdiag_using_subcommand watch" -l reconnect-min -d 'Shortest wait between attempts, doubling from there, 1ms to 1d [default: 1s; demo: 300ms]' -r
complete -c nwdiag -n "__fish_nwdiag_using_subcommand watch" -l reconnect-max -d 'Longest wait between attempts, 1ms to 1d [default: 120s; demo: 2s]' -r
complete -c nwdiag -n "__fish_nwdiag_using_subcommand watch" -l deep-reconnect-every -d 'Every Nth attempt starts from scratch, without TLS tickets and old tokens, 1 or more [default: 10]' -r
complete -c nwdiag -n "__fish_nwdiag_using_subcommand watch" -l username -d 'User name; wins over the one in the URL' -r -f -a "(__fish_complete_users)"
complete -c nwdiag -n "__fish_nwdiag_using_subcommand watch" -l password-file -d 'Read the password from FILE, less a line break at its end; wins over NWDIAG_PASSWORD' -r -F
complete -c nwdiag -n "__fish_nwdiag_using_subcommand watch" -l cafile -d 'Trust the certificates in this PEM file instead of the system\'s' -r -F
complete -c nwdiag -n "__fish_nwdiag_using_subcommand watch" -l cert -d 'Client certificate (PEM); needs --key' -r -F
complete -c nwdiag -n "__fish_nwdiag_using_subcommand watch" -l key -d 'Private key of the client certificate (PEM); needs --cert' -r -F
complete -c nwdiag -n "__fish_nwdiag_using_subcommand watch" -l alpn -d 'Offer these protocols by ALPN; repeat, or separate by commas' -r
complete -c nwdiag -n "__fish_nwdiag_using_subcommand watch" -l aws-sigv4 -d 'Sign the WebSocket URL for AWS IoT in REGION with the AWS keys of the environment' -r
complete -c nwdiag -n "__fish_nwdiag_using_subcommand watch" -l navien-api -d 'Sign in at URL instead of Navien\'s own service; https:// only' -r -f
complete -c nwdiag -n "__fish_nwdiag_using_subcommand watch" -l navien-endpoint -d 'Connect to this broker instead of Navien\'s own' -r -f -a "(__fish_print_hostnames)"
complete -c nwdiag -n "__fish_nwdiag_using_subcommand watch" -l color -d 'Use colours: auto (on a terminal), always or never [default: auto]' -r -f -a "auto\t'On a terminal'
always\t'Always, also into a pipe'
never\t'Never'"
complete -c nwdiag -n "__fish_nwdiag_using_subcommand watch" -l json -d 'Short for --format json'
complete -c nwdiag -n "__fish_nwdiag_using_subcommand watch" -l no-journal -d 'Record nothing; \'summary\' and \'export\' will not know of this run'
complete -c nwdiag -n "__fish_nwdiag_using_subcommand watch" -l insecure -d 'Accept any certificate: anyone on the path can then read and change everything'
complete -c nwdiag -n "__fish_nwdiag_using_subcommand watch" -l utc -d 'Show and read times in UTC instead of local time'
complete -c nwdiag -n "__fish_nwdiag_using_subcommand watch" -s q -l quiet -d 'Leave out status line, progress and warnings; errors still show'
complete -c nwdiag -n "__fish_nwdiag_using_subcommand watch" -s v -l verbose -d 'Tell more on standard error; -vv and -vvv tell still more'
complete -c nwdiag -n "__fish_nwdiag_using_subcommand watch" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nwdiag -n "__fish_nwdiag_using_subcommand summary" -s S -l since -d 'Leave out what happened before TIME' -r
complete -c nwdiag -n "__fish_nwdiag_using_subcommand summary" -s U -l until -d 'Leave out what happened after TIME, written as for --since' -r
complete -c nwdiag -n "__fish_nwdiag_using_subcommand summary" -s o -l output -d 'Write to FILE, which is replaced once the report is complete [default: standard output]' -r -F
complete -c nwdiag -n "__fish_nwdiag_using_subcommand summary" -l journal -d 'Read the target\'s journal from FILE [default: $XDG_STATE_HOME/nwdiag/TARGET.jsonl]' -r -F
complete -c nwdiag -n "__fish_nwdiag_using_subcommand summary" -l format -d 'What to print [default: table]' -r -f -a "table\t'A table for 80 columns'
markdown\t'Markdown, to paste into an issue'
json\t'The object that \'nwdiag export\' prints'"
complete -c nwdiag -n "__fish_nwdiag_using_subcommand summary" -l color -d 'Use colours: auto (on a terminal), always or never [default: auto]' -r -f -a "auto\t'On a terminal'
always\t'Always, also into a pipe'
never\t'Never'"
complete -c nwdiag -n "__fish_nwdiag_using_subcommand summary" -l json -d 'Short for --format json'
complete -c nwdiag -n "__fish_nwdiag_using_subcommand summary" -l utc -d 'Show and read times in UTC instead of local time'
complete -c nwdiag -n "__fish_nwdiag_using_subcommand summary" -s q -l quiet -d 'Leave out status line, progress and warnings; errors still show'
complete -c nwdiag -n "__fish_nwdiag_using_subcommand summary" -s v -l verbose -d 'Tell more on standard error; -vv and -vvv tell still more'
complete -c nwdiag -n "__fish_nwdiag_using_subcommand summary" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nwdiag -n "__fish_nwdiag_using_subcommand export" -s S -l since -d 'Leave out what happened before TIME' -r
complete -c nwdiag -n "__fish_nwdiag_using_subcommand export" -s U -l until -d 'Leave out what happened after TIME, written as for --since' -r
complete -c nwdiag -n "__fish_nwdiag_using_subcommand export" -s o -l output -d 'Write to FILE, which is replaced once the report is complete [default: standard output]' -r -F
complete -c nwdiag -n "__fish_nwdiag_using_subcommand export" -l journal -d 'Read the target\'s journal from FILE [default: $XDG_STATE_HOME/nwdiag/TARGET.jsonl]' -r -F
complete -c nwdiag -n "__fish_nwdiag_using_subcommand export" -l format -d 'What to print [default: json]' -r -f -a "json\t'One JSON object'"
complete -c nwdiag -n "__fish_nwdiag_using_subcommand export" -l recent -d 'How many of the recent drops and connections to list, 0 to 10000 [default: 50]' -r
complete -c nwdiag -n "__fish_nwdiag_using_subcommand export" -l color -d 'Use colours: auto (on a terminal), always or never [default: auto]' -r -f -a "auto\t'On a terminal'
always\t'Always, also into a pipe'
never\t'Never'"
complete -c nwdiag -n "__fish_nwdiag_using_subcommand export" -l json -d 'Short for --format json'
complete -c nwdiag -n "__fish_nwdiag_using_subcommand export" -l pretty -d 'Indent the JSON, also into a pipe or file'
complete -c nwdiag -n "__fish_nwdiag_using_subcommand export" -l compact -d 'Print the JSON on one line, also on a terminal'
complete -c nwdiag -n "__fish_nwdiag_using_subcommand export" -l utc -d 'Show and read times in UTC instead of local time'
complete -c nwdiag -n "__fish_nwdiag_using_subcommand export" -s q -l quiet -d 'Leave out status line, progress and warnings; errors still show'
complete -c nwdiag -n "__fish_nwdiag_using_subcommand export" -s v -l verbose -d 'Tell more on standard error; -vv and -vvv tell still more'
complete -c nwdiag -n "__fish_nwdiag_using_subcommand export" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nwdiag -n "__fish_nwdiag_using_subcommand help; and not __fish_seen_subcommand_from watch summary export help" -f -a "watch" -d 'Connect, print one line per event, and record the journal'
complete -c nwdiag -n "__fish_nwdiag_using_subcommand help; and not __fish_seen_subcommand_from watch summary export help" -f -a "summary" -d 'Report what the journal knows, as a table for reading'
complete -c nwdiag -n "__fish_nwdiag_using_subcommand help; and not __fish_seen_subcommand_from watch summary export help" -f -a "export" -d 'Report what the journal knows, as JSON for programs'
complete -c nwdiag -n "__fish_nwdiag_using_subcommand help; and not __fish_seen_subcommand_from watch summary export help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
