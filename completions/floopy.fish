# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_floopy_global_optspecs
    string join \n h/help V/version
end

function __fish_floopy_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_floopy_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_floopy_using_subcommand
    set -l cmd (__fish_floopy_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c floopy -n "__fish_floopy_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c floopy -n "__fish_floopy_needs_command" -s V -l version -d 'Print version'
complete -c floopy -n "__fish_floopy_needs_command" -f -a "serve" -d 'Run the gateway'
complete -c floopy -n "__fish_floopy_needs_command" -f -a "tui" -d 'Watch the gateway live in the terminal'
complete -c floopy -n "__fish_floopy_needs_command" -f -a "explain" -d 'Ask what a request would get, without making it'
complete -c floopy -n "__fish_floopy_needs_command" -f -a "decisions" -d 'See what was decided, request by request'
complete -c floopy -n "__fish_floopy_needs_command" -f -a "requests" -d 'Show a request and its answer as they are retained'
complete -c floopy -n "__fish_floopy_needs_command" -f -a "feedback" -d 'Say how well a session or request went'
complete -c floopy -n "__fish_floopy_needs_command" -f -a "rate" -d 'Rate one request by hand'
complete -c floopy -n "__fish_floopy_needs_command" -f -a "routes" -d 'See routes; pin one to its default model'
complete -c floopy -n "__fish_floopy_needs_command" -f -a "constraints" -d 'See and set what the routes must keep to'
complete -c floopy -n "__fish_floopy_needs_command" -f -a "experiments" -d 'Try a model or other rules on a share of the sessions'
complete -c floopy -n "__fish_floopy_needs_command" -f -a "eval" -d 'Ask a model about the rows of a dataset and score its answers'
complete -c floopy -n "__fish_floopy_needs_command" -f -a "priors" -d 'Take part in pooled priors, or not'
complete -c floopy -n "__fish_floopy_needs_command" -f -a "sessions" -d 'See sessions and what they cost'
complete -c floopy -n "__fish_floopy_needs_command" -f -a "savings" -d 'See what was saved, against the hold-out'
complete -c floopy -n "__fish_floopy_needs_command" -f -a "export" -d 'Write decisions to a file that can be verified'
complete -c floopy -n "__fish_floopy_needs_command" -f -a "keys" -d 'Create, list and revoke keys'
complete -c floopy -n "__fish_floopy_needs_command" -f -a "config" -d 'Write, check and show the configuration'
complete -c floopy -n "__fish_floopy_needs_command" -f -a "verify" -d 'Prove that the record is whole'
complete -c floopy -n "__fish_floopy_needs_command" -f -a "replay" -d 'Replay recorded outcomes through the router and other policies'
complete -c floopy -n "__fish_floopy_needs_command" -f -a "doctor" -d 'Find out what is wrong with this installation'
complete -c floopy -n "__fish_floopy_needs_command" -f -a "demo" -d 'Play recorded sessions against a real server, offline'
complete -c floopy -n "__fish_floopy_needs_command" -f -a "healthz" -d 'Ask a running server whether it is well'
complete -c floopy -n "__fish_floopy_needs_command" -f -a "completions" -d 'Print shell completions'
complete -c floopy -n "__fish_floopy_needs_command" -f -a "man" -d 'Print the manual page'
complete -c floopy -n "__fish_floopy_using_subcommand serve" -l config -d 'Configuration file [default: ./floopy.toml, then $XDG_CONFIG_HOME/floopy/config.toml, then none]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand serve" -l data -d 'Data folder [default: store.path of the configuration, ./floopy-data]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand serve" -l listen -d 'Address to listen on [default: server.listen of the configuration, 127.0.0.1:7676]' -r
complete -c floopy -n "__fish_floopy_using_subcommand serve" -l log -d 'What to log, such as info or floopy=debug' -r
complete -c floopy -n "__fish_floopy_using_subcommand serve" -l passthrough -d 'Switch everything off but authentication: bodies go through byte for byte'
complete -c floopy -n "__fish_floopy_using_subcommand serve" -l no-pooled-priors -d 'Neither contribute to pooled priors nor use them'
complete -c floopy -n "__fish_floopy_using_subcommand serve" -s h -l help -d 'Print help'
complete -c floopy -n "__fish_floopy_using_subcommand tui" -l view -d 'The view to begin with' -r -f -a "overview\t'How everything stands'
decisions\t'Request by request'
sessions\t'Session by session'
routes\t'Routes and their models'
experiments\t'Canaries, shadows, splits'
providers\t'How the providers do'
log\t'What the screen noticed'"
complete -c floopy -n "__fish_floopy_using_subcommand tui" -l theme -d 'Colours [auto: by NO_COLOR, TERM and COLORTERM]' -r -f -a "auto\t'As the terminal says'
dark\t'Millions of colours on a dark ground'
light\t'Millions of colours on a light ground'
16\t'The terminal\'s own sixteen colours'
none\t'No colour'"
complete -c floopy -n "__fish_floopy_using_subcommand tui" -l size -d 'Size of the frame that --once prints [default: the terminal\'s, else 120x40]' -r
complete -c floopy -n "__fish_floopy_using_subcommand tui" -l url -d 'Address of the server' -r
complete -c floopy -n "__fish_floopy_using_subcommand tui" -l key -d 'Key to call it with [default: the local admin key in the data folder, on the same host]' -r
complete -c floopy -n "__fish_floopy_using_subcommand tui" -l config -d 'Configuration file [default: ./floopy.toml, then $XDG_CONFIG_HOME/floopy/config.toml, then none]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand tui" -l data -d 'Data folder [default: store.path of the configuration, ./floopy-data]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand tui" -l once -d 'Print one frame and end; works without a terminal'
complete -c floopy -n "__fish_floopy_using_subcommand tui" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c floopy -n "__fish_floopy_using_subcommand explain" -l file -d 'A JSON file with the body of a chat call; - is stdin' -r
complete -c floopy -n "__fish_floopy_using_subcommand explain" -l route -d 'The route or model to ask [default: that of the file, else auto]' -r
complete -c floopy -n "__fish_floopy_using_subcommand explain" -l session -d 'The session that the request would belong to' -r
complete -c floopy -n "__fish_floopy_using_subcommand explain" -l url -d 'Address of the server' -r
complete -c floopy -n "__fish_floopy_using_subcommand explain" -l key -d 'Key to call it with [default: the local admin key in the data folder, on the same host]' -r
complete -c floopy -n "__fish_floopy_using_subcommand explain" -l config -d 'Configuration file [default: ./floopy.toml, then $XDG_CONFIG_HOME/floopy/config.toml, then none]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand explain" -l data -d 'Data folder [default: store.path of the configuration, ./floopy-data]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand explain" -l format -d 'Form of the output' -r -f -a "human\t'Aligned text for people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
csv\t'Comma-separated values with a header line'"
complete -c floopy -n "__fish_floopy_using_subcommand explain" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c floopy -n "__fish_floopy_using_subcommand decisions; and not __fish_seen_subcommand_from list get" -l session -d 'Only this session' -r
complete -c floopy -n "__fish_floopy_using_subcommand decisions; and not __fish_seen_subcommand_from list get" -l from -d 'Only from this time on: RFC 3339, an age such as 30m, 2h, 7d, or today, yesterday' -r
complete -c floopy -n "__fish_floopy_using_subcommand decisions; and not __fish_seen_subcommand_from list get" -l to -d 'Only before this time' -r
complete -c floopy -n "__fish_floopy_using_subcommand decisions; and not __fish_seen_subcommand_from list get" -l request-ids -d 'Only these requests' -r
complete -c floopy -n "__fish_floopy_using_subcommand decisions; and not __fish_seen_subcommand_from list get" -l strategy -d 'Only this routing strategy, such as weighted' -r
complete -c floopy -n "__fish_floopy_using_subcommand decisions; and not __fish_seen_subcommand_from list get" -l provider -d 'Only what this provider served' -r
complete -c floopy -n "__fish_floopy_using_subcommand decisions; and not __fish_seen_subcommand_from list get" -l model -d 'Only what this model served' -r
complete -c floopy -n "__fish_floopy_using_subcommand decisions; and not __fish_seen_subcommand_from list get" -l status -d 'Only with this status: ok, error, blocked or cancelled' -r
complete -c floopy -n "__fish_floopy_using_subcommand decisions; and not __fish_seen_subcommand_from list get" -l min-confidence -d 'Only with at least this confidence, 0 to 1' -r
complete -c floopy -n "__fish_floopy_using_subcommand decisions; and not __fish_seen_subcommand_from list get" -l max-confidence -d 'Only with at most this confidence, 0 to 1' -r
complete -c floopy -n "__fish_floopy_using_subcommand decisions; and not __fish_seen_subcommand_from list get" -l limit -d 'Items per page, 1 to 500' -r
complete -c floopy -n "__fish_floopy_using_subcommand decisions; and not __fish_seen_subcommand_from list get" -l cursor -d 'Go on where an earlier list ended' -r
complete -c floopy -n "__fish_floopy_using_subcommand decisions; and not __fish_seen_subcommand_from list get" -l url -d 'Address of the server' -r
complete -c floopy -n "__fish_floopy_using_subcommand decisions; and not __fish_seen_subcommand_from list get" -l key -d 'Key to call it with [default: the local admin key in the data folder, on the same host]' -r
complete -c floopy -n "__fish_floopy_using_subcommand decisions; and not __fish_seen_subcommand_from list get" -l config -d 'Configuration file [default: ./floopy.toml, then $XDG_CONFIG_HOME/floopy/config.toml, then none]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand decisions; and not __fish_seen_subcommand_from list get" -l data -d 'Data folder [default: store.path of the configuration, ./floopy-data]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand decisions; and not __fish_seen_subcommand_from list get" -l format -d 'Form of the output' -r -f -a "human\t'Aligned text for people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
csv\t'Comma-separated values with a header line'"
complete -c floopy -n "__fish_floopy_using_subcommand decisions; and not __fish_seen_subcommand_from list get" -l all -d 'All pages, not only the first'
complete -c floopy -n "__fish_floopy_using_subcommand decisions; and not __fish_seen_subcommand_from list get" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c floopy -n "__fish_floopy_using_subcommand decisions; and not __fish_seen_subcommand_from list get" -f -a "list" -d 'List decisions, newest first'
complete -c floopy -n "__fish_floopy_using_subcommand decisions; and not __fish_seen_subcommand_from list get" -f -a "get" -d 'Show one decision with all that it weighed'
complete -c floopy -n "__fish_floopy_using_subcommand decisions; and __fish_seen_subcommand_from list" -l session -d 'Only this session' -r
complete -c floopy -n "__fish_floopy_using_subcommand decisions; and __fish_seen_subcommand_from list" -l from -d 'Only from this time on: RFC 3339, an age such as 30m, 2h, 7d, or today, yesterday' -r
complete -c floopy -n "__fish_floopy_using_subcommand decisions; and __fish_seen_subcommand_from list" -l to -d 'Only before this time' -r
complete -c floopy -n "__fish_floopy_using_subcommand decisions; and __fish_seen_subcommand_from list" -l request-ids -d 'Only these requests' -r
complete -c floopy -n "__fish_floopy_using_subcommand decisions; and __fish_seen_subcommand_from list" -l strategy -d 'Only this routing strategy, such as weighted' -r
complete -c floopy -n "__fish_floopy_using_subcommand decisions; and __fish_seen_subcommand_from list" -l provider -d 'Only what this provider served' -r
complete -c floopy -n "__fish_floopy_using_subcommand decisions; and __fish_seen_subcommand_from list" -l model -d 'Only what this model served' -r
complete -c floopy -n "__fish_floopy_using_subcommand decisions; and __fish_seen_subcommand_from list" -l status -d 'Only with this status: ok, error, blocked or cancelled' -r
complete -c floopy -n "__fish_floopy_using_subcommand decisions; and __fish_seen_subcommand_from list" -l min-confidence -d 'Only with at least this confidence, 0 to 1' -r
complete -c floopy -n "__fish_floopy_using_subcommand decisions; and __fish_seen_subcommand_from list" -l max-confidence -d 'Only with at most this confidence, 0 to 1' -r
complete -c floopy -n "__fish_floopy_using_subcommand decisions; and __fish_seen_subcommand_from list" -l limit -d 'Items per page, 1 to 500' -r
complete -c floopy -n "__fish_floopy_using_subcommand decisions; and __fish_seen_subcommand_from list" -l cursor -d 'Go on where an earlier list ended' -r
complete -c floopy -n "__fish_floopy_using_subcommand decisions; and __fish_seen_subcommand_from list" -l url -d 'Address of the server' -r
complete -c floopy -n "__fish_floopy_using_subcommand decisions; and __fish_seen_subcommand_from list" -l key -d 'Key to call it with [default: the local admin key in the data folder, on the same host]' -r
complete -c floopy -n "__fish_floopy_using_subcommand decisions; and __fish_seen_subcommand_from list" -l config -d 'Configuration file [default: ./floopy.toml, then $XDG_CONFIG_HOME/floopy/config.toml, then none]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand decisions; and __fish_seen_subcommand_from list" -l data -d 'Data folder [default: store.path of the configuration, ./floopy-data]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand decisions; and __fish_seen_subcommand_from list" -l format -d 'Form of the output' -r -f -a "human\t'Aligned text for people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
csv\t'Comma-separated values with a header line'"
complete -c floopy -n "__fish_floopy_using_subcommand decisions; and __fish_seen_subcommand_from list" -l all -d 'All pages, not only the first'
complete -c floopy -n "__fish_floopy_using_subcommand decisions; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c floopy -n "__fish_floopy_using_subcommand decisions; and __fish_seen_subcommand_from get" -l url -d 'Address of the server' -r
complete -c floopy -n "__fish_floopy_using_subcommand decisions; and __fish_seen_subcommand_from get" -l key -d 'Key to call it with [default: the local admin key in the data folder, on the same host]' -r
complete -c floopy -n "__fish_floopy_using_subcommand decisions; and __fish_seen_subcommand_from get" -l config -d 'Configuration file [default: ./floopy.toml, then $XDG_CONFIG_HOME/floopy/config.toml, then none]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand decisions; and __fish_seen_subcommand_from get" -l data -d 'Data folder [default: store.path of the configuration, ./floopy-data]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand decisions; and __fish_seen_subcommand_from get" -l format -d 'Form of the output' -r -f -a "human\t'Aligned text for people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
csv\t'Comma-separated values with a header line'"
complete -c floopy -n "__fish_floopy_using_subcommand decisions; and __fish_seen_subcommand_from get" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c floopy -n "__fish_floopy_using_subcommand requests" -l url -d 'Address of the server' -r
complete -c floopy -n "__fish_floopy_using_subcommand requests" -l key -d 'Key to call it with [default: the local admin key in the data folder, on the same host]' -r
complete -c floopy -n "__fish_floopy_using_subcommand requests" -l config -d 'Configuration file [default: ./floopy.toml, then $XDG_CONFIG_HOME/floopy/config.toml, then none]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand requests" -l data -d 'Data folder [default: store.path of the configuration, ./floopy-data]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand requests" -l format -d 'Form of the output' -r -f -a "human\t'Aligned text for people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
csv\t'Comma-separated values with a header line'"
complete -c floopy -n "__fish_floopy_using_subcommand requests" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c floopy -n "__fish_floopy_using_subcommand feedback" -l request -d 'One request of it only' -r
complete -c floopy -n "__fish_floopy_using_subcommand feedback" -l score -d 'How good it was, 0 to 10' -r
complete -c floopy -n "__fish_floopy_using_subcommand feedback" -l useful -d 'Whether it was of use [default: yes from a score of 5]' -r -f -a "yes\t''
no\t''"
complete -c floopy -n "__fish_floopy_using_subcommand feedback" -l comment -d 'A remark for people' -r
complete -c floopy -n "__fish_floopy_using_subcommand feedback" -l dimension -d 'Further scores by name, such as tone=8' -r
complete -c floopy -n "__fish_floopy_using_subcommand feedback" -l url -d 'Address of the server' -r
complete -c floopy -n "__fish_floopy_using_subcommand feedback" -l key -d 'Key to call it with [default: the local admin key in the data folder, on the same host]' -r
complete -c floopy -n "__fish_floopy_using_subcommand feedback" -l config -d 'Configuration file [default: ./floopy.toml, then $XDG_CONFIG_HOME/floopy/config.toml, then none]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand feedback" -l data -d 'Data folder [default: store.path of the configuration, ./floopy-data]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand feedback" -l format -d 'Form of the output' -r -f -a "human\t'Aligned text for people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
csv\t'Comma-separated values with a header line'"
complete -c floopy -n "__fish_floopy_using_subcommand feedback" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c floopy -n "__fish_floopy_using_subcommand rate" -l dimension -d 'Further scores by name, such as tone=80' -r
complete -c floopy -n "__fish_floopy_using_subcommand rate" -l note -d 'A remark for people' -r
complete -c floopy -n "__fish_floopy_using_subcommand rate" -l url -d 'Address of the server' -r
complete -c floopy -n "__fish_floopy_using_subcommand rate" -l key -d 'Key to call it with [default: the local admin key in the data folder, on the same host]' -r
complete -c floopy -n "__fish_floopy_using_subcommand rate" -l config -d 'Configuration file [default: ./floopy.toml, then $XDG_CONFIG_HOME/floopy/config.toml, then none]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand rate" -l data -d 'Data folder [default: store.path of the configuration, ./floopy-data]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand rate" -l format -d 'Form of the output' -r -f -a "human\t'Aligned text for people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
csv\t'Comma-separated values with a header line'"
complete -c floopy -n "__fish_floopy_using_subcommand rate" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c floopy -n "__fish_floopy_using_subcommand routes; and not __fish_seen_subcommand_from list show pin unpin" -l url -d 'Address of the server' -r
complete -c floopy -n "__fish_floopy_using_subcommand routes; and not __fish_seen_subcommand_from list show pin unpin" -l key -d 'Key to call it with [default: the local admin key in the data folder, on the same host]' -r
complete -c floopy -n "__fish_floopy_using_subcommand routes; and not __fish_seen_subcommand_from list show pin unpin" -l config -d 'Configuration file [default: ./floopy.toml, then $XDG_CONFIG_HOME/floopy/config.toml, then none]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand routes; and not __fish_seen_subcommand_from list show pin unpin" -l data -d 'Data folder [default: store.path of the configuration, ./floopy-data]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand routes; and not __fish_seen_subcommand_from list show pin unpin" -l format -d 'Form of the output' -r -f -a "human\t'Aligned text for people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
csv\t'Comma-separated values with a header line'"
complete -c floopy -n "__fish_floopy_using_subcommand routes; and not __fish_seen_subcommand_from list show pin unpin" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c floopy -n "__fish_floopy_using_subcommand routes; and not __fish_seen_subcommand_from list show pin unpin" -f -a "list" -d 'List routes'
complete -c floopy -n "__fish_floopy_using_subcommand routes; and not __fish_seen_subcommand_from list show pin unpin" -f -a "show" -d 'Show one route: its models, their weights, latency and breaker state'
complete -c floopy -n "__fish_floopy_using_subcommand routes; and not __fish_seen_subcommand_from list show pin unpin" -f -a "pin" -d 'Send everything on a route to its default model until it is unpinned'
complete -c floopy -n "__fish_floopy_using_subcommand routes; and not __fish_seen_subcommand_from list show pin unpin" -f -a "unpin" -d 'Let a route choose again'
complete -c floopy -n "__fish_floopy_using_subcommand routes; and __fish_seen_subcommand_from list" -l url -d 'Address of the server' -r
complete -c floopy -n "__fish_floopy_using_subcommand routes; and __fish_seen_subcommand_from list" -l key -d 'Key to call it with [default: the local admin key in the data folder, on the same host]' -r
complete -c floopy -n "__fish_floopy_using_subcommand routes; and __fish_seen_subcommand_from list" -l config -d 'Configuration file [default: ./floopy.toml, then $XDG_CONFIG_HOME/floopy/config.toml, then none]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand routes; and __fish_seen_subcommand_from list" -l data -d 'Data folder [default: store.path of the configuration, ./floopy-data]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand routes; and __fish_seen_subcommand_from list" -l format -d 'Form of the output' -r -f -a "human\t'Aligned text for people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
csv\t'Comma-separated values with a header line'"
complete -c floopy -n "__fish_floopy_using_subcommand routes; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c floopy -n "__fish_floopy_using_subcommand routes; and __fish_seen_subcommand_from show" -l url -d 'Address of the server' -r
complete -c floopy -n "__fish_floopy_using_subcommand routes; and __fish_seen_subcommand_from show" -l key -d 'Key to call it with [default: the local admin key in the data folder, on the same host]' -r
complete -c floopy -n "__fish_floopy_using_subcommand routes; and __fish_seen_subcommand_from show" -l config -d 'Configuration file [default: ./floopy.toml, then $XDG_CONFIG_HOME/floopy/config.toml, then none]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand routes; and __fish_seen_subcommand_from show" -l data -d 'Data folder [default: store.path of the configuration, ./floopy-data]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand routes; and __fish_seen_subcommand_from show" -l format -d 'Form of the output' -r -f -a "human\t'Aligned text for people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
csv\t'Comma-separated values with a header line'"
complete -c floopy -n "__fish_floopy_using_subcommand routes; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c floopy -n "__fish_floopy_using_subcommand routes; and __fish_seen_subcommand_from pin" -l url -d 'Address of the server' -r
complete -c floopy -n "__fish_floopy_using_subcommand routes; and __fish_seen_subcommand_from pin" -l key -d 'Key to call it with [default: the local admin key in the data folder, on the same host]' -r
complete -c floopy -n "__fish_floopy_using_subcommand routes; and __fish_seen_subcommand_from pin" -l config -d 'Configuration file [default: ./floopy.toml, then $XDG_CONFIG_HOME/floopy/config.toml, then none]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand routes; and __fish_seen_subcommand_from pin" -l data -d 'Data folder [default: store.path of the configuration, ./floopy-data]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand routes; and __fish_seen_subcommand_from pin" -l format -d 'Form of the output' -r -f -a "human\t'Aligned text for people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
csv\t'Comma-separated values with a header line'"
complete -c floopy -n "__fish_floopy_using_subcommand routes; and __fish_seen_subcommand_from pin" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c floopy -n "__fish_floopy_using_subcommand routes; and __fish_seen_subcommand_from unpin" -l url -d 'Address of the server' -r
complete -c floopy -n "__fish_floopy_using_subcommand routes; and __fish_seen_subcommand_from unpin" -l key -d 'Key to call it with [default: the local admin key in the data folder, on the same host]' -r
complete -c floopy -n "__fish_floopy_using_subcommand routes; and __fish_seen_subcommand_from unpin" -l config -d 'Configuration file [default: ./floopy.toml, then $XDG_CONFIG_HOME/floopy/config.toml, then none]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand routes; and __fish_seen_subcommand_from unpin" -l data -d 'Data folder [default: store.path of the configuration, ./floopy-data]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand routes; and __fish_seen_subcommand_from unpin" -l format -d 'Form of the output' -r -f -a "human\t'Aligned text for people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
csv\t'Comma-separated values with a header line'"
complete -c floopy -n "__fish_floopy_using_subcommand routes; and __fish_seen_subcommand_from unpin" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c floopy -n "__fish_floopy_using_subcommand constraints; and not __fish_seen_subcommand_from get set clear put" -l url -d 'Address of the server' -r
complete -c floopy -n "__fish_floopy_using_subcommand constraints; and not __fish_seen_subcommand_from get set clear put" -l key -d 'Key to call it with [default: the local admin key in the data folder, on the same host]' -r
complete -c floopy -n "__fish_floopy_using_subcommand constraints; and not __fish_seen_subcommand_from get set clear put" -l config -d 'Configuration file [default: ./floopy.toml, then $XDG_CONFIG_HOME/floopy/config.toml, then none]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand constraints; and not __fish_seen_subcommand_from get set clear put" -l data -d 'Data folder [default: store.path of the configuration, ./floopy-data]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand constraints; and not __fish_seen_subcommand_from get set clear put" -l format -d 'Form of the output' -r -f -a "human\t'Aligned text for people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
csv\t'Comma-separated values with a header line'"
complete -c floopy -n "__fish_floopy_using_subcommand constraints; and not __fish_seen_subcommand_from get set clear put" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c floopy -n "__fish_floopy_using_subcommand constraints; and not __fish_seen_subcommand_from get set clear put" -f -a "get" -d 'Show what is set, and what holds where nothing is'
complete -c floopy -n "__fish_floopy_using_subcommand constraints; and not __fish_seen_subcommand_from get set clear put" -f -a "set" -d 'Change some keys; the others keep their value'
complete -c floopy -n "__fish_floopy_using_subcommand constraints; and not __fish_seen_subcommand_from get set clear put" -f -a "clear" -d 'Take away a family, some keys, or everything'
complete -c floopy -n "__fish_floopy_using_subcommand constraints; and not __fish_seen_subcommand_from get set clear put" -f -a "put" -d 'Replace whole families by those of a JSON document'
complete -c floopy -n "__fish_floopy_using_subcommand constraints; and __fish_seen_subcommand_from get" -l url -d 'Address of the server' -r
complete -c floopy -n "__fish_floopy_using_subcommand constraints; and __fish_seen_subcommand_from get" -l key -d 'Key to call it with [default: the local admin key in the data folder, on the same host]' -r
complete -c floopy -n "__fish_floopy_using_subcommand constraints; and __fish_seen_subcommand_from get" -l config -d 'Configuration file [default: ./floopy.toml, then $XDG_CONFIG_HOME/floopy/config.toml, then none]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand constraints; and __fish_seen_subcommand_from get" -l data -d 'Data folder [default: store.path of the configuration, ./floopy-data]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand constraints; and __fish_seen_subcommand_from get" -l format -d 'Form of the output' -r -f -a "human\t'Aligned text for people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
csv\t'Comma-separated values with a header line'"
complete -c floopy -n "__fish_floopy_using_subcommand constraints; and __fish_seen_subcommand_from get" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c floopy -n "__fish_floopy_using_subcommand constraints; and __fish_seen_subcommand_from set" -l url -d 'Address of the server' -r
complete -c floopy -n "__fish_floopy_using_subcommand constraints; and __fish_seen_subcommand_from set" -l key -d 'Key to call it with [default: the local admin key in the data folder, on the same host]' -r
complete -c floopy -n "__fish_floopy_using_subcommand constraints; and __fish_seen_subcommand_from set" -l config -d 'Configuration file [default: ./floopy.toml, then $XDG_CONFIG_HOME/floopy/config.toml, then none]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand constraints; and __fish_seen_subcommand_from set" -l data -d 'Data folder [default: store.path of the configuration, ./floopy-data]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand constraints; and __fish_seen_subcommand_from set" -l format -d 'Form of the output' -r -f -a "human\t'Aligned text for people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
csv\t'Comma-separated values with a header line'"
complete -c floopy -n "__fish_floopy_using_subcommand constraints; and __fish_seen_subcommand_from set" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c floopy -n "__fish_floopy_using_subcommand constraints; and __fish_seen_subcommand_from clear" -l family -d 'Which family [default: both]' -r -f -a "spend\t'Money, tokens and requests'
optimization\t'What the optimiser must keep to'"
complete -c floopy -n "__fish_floopy_using_subcommand constraints; and __fish_seen_subcommand_from clear" -l url -d 'Address of the server' -r
complete -c floopy -n "__fish_floopy_using_subcommand constraints; and __fish_seen_subcommand_from clear" -l key -d 'Key to call it with [default: the local admin key in the data folder, on the same host]' -r
complete -c floopy -n "__fish_floopy_using_subcommand constraints; and __fish_seen_subcommand_from clear" -l config -d 'Configuration file [default: ./floopy.toml, then $XDG_CONFIG_HOME/floopy/config.toml, then none]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand constraints; and __fish_seen_subcommand_from clear" -l data -d 'Data folder [default: store.path of the configuration, ./floopy-data]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand constraints; and __fish_seen_subcommand_from clear" -l format -d 'Form of the output' -r -f -a "human\t'Aligned text for people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
csv\t'Comma-separated values with a header line'"
complete -c floopy -n "__fish_floopy_using_subcommand constraints; and __fish_seen_subcommand_from clear" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c floopy -n "__fish_floopy_using_subcommand constraints; and __fish_seen_subcommand_from put" -l url -d 'Address of the server' -r
complete -c floopy -n "__fish_floopy_using_subcommand constraints; and __fish_seen_subcommand_from put" -l key -d 'Key to call it with [default: the local admin key in the data folder, on the same host]' -r
complete -c floopy -n "__fish_floopy_using_subcommand constraints; and __fish_seen_subcommand_from put" -l config -d 'Configuration file [default: ./floopy.toml, then $XDG_CONFIG_HOME/floopy/config.toml, then none]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand constraints; and __fish_seen_subcommand_from put" -l data -d 'Data folder [default: store.path of the configuration, ./floopy-data]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand constraints; and __fish_seen_subcommand_from put" -l format -d 'Form of the output' -r -f -a "human\t'Aligned text for people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
csv\t'Comma-separated values with a header line'"
complete -c floopy -n "__fish_floopy_using_subcommand constraints; and __fish_seen_subcommand_from put" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c floopy -n "__fish_floopy_using_subcommand experiments; and not __fish_seen_subcommand_from list create get results watch rollback complete" -l status -d 'Only those of this status' -r -f -a "active\t'Sessions are assigned'
completed\t'Ended as it was meant to'
rolled-back\t'Taken out'"
complete -c floopy -n "__fish_floopy_using_subcommand experiments; and not __fish_seen_subcommand_from list create get results watch rollback complete" -l limit -d 'Items per page, 1 to 500' -r
complete -c floopy -n "__fish_floopy_using_subcommand experiments; and not __fish_seen_subcommand_from list create get results watch rollback complete" -l cursor -d 'Go on where an earlier list ended' -r
complete -c floopy -n "__fish_floopy_using_subcommand experiments; and not __fish_seen_subcommand_from list create get results watch rollback complete" -l url -d 'Address of the server' -r
complete -c floopy -n "__fish_floopy_using_subcommand experiments; and not __fish_seen_subcommand_from list create get results watch rollback complete" -l key -d 'Key to call it with [default: the local admin key in the data folder, on the same host]' -r
complete -c floopy -n "__fish_floopy_using_subcommand experiments; and not __fish_seen_subcommand_from list create get results watch rollback complete" -l config -d 'Configuration file [default: ./floopy.toml, then $XDG_CONFIG_HOME/floopy/config.toml, then none]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand experiments; and not __fish_seen_subcommand_from list create get results watch rollback complete" -l data -d 'Data folder [default: store.path of the configuration, ./floopy-data]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand experiments; and not __fish_seen_subcommand_from list create get results watch rollback complete" -l format -d 'Form of the output' -r -f -a "human\t'Aligned text for people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
csv\t'Comma-separated values with a header line'"
complete -c floopy -n "__fish_floopy_using_subcommand experiments; and not __fish_seen_subcommand_from list create get results watch rollback complete" -l all -d 'All pages, not only the first'
complete -c floopy -n "__fish_floopy_using_subcommand experiments; and not __fish_seen_subcommand_from list create get results watch rollback complete" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c floopy -n "__fish_floopy_using_subcommand experiments; and not __fish_seen_subcommand_from list create get results watch rollback complete" -f -a "list" -d 'List experiments, the latest first'
complete -c floopy -n "__fish_floopy_using_subcommand experiments; and not __fish_seen_subcommand_from list create get results watch rollback complete" -f -a "create" -d 'Begin one: a canary or a shadow run of a model, or a split between two routes'
complete -c floopy -n "__fish_floopy_using_subcommand experiments; and not __fish_seen_subcommand_from list create get results watch rollback complete" -f -a "get" -d 'Show one, and what was done with it'
complete -c floopy -n "__fish_floopy_using_subcommand experiments; and not __fish_seen_subcommand_from list create get results watch rollback complete" -f -a "results" -d 'See how one stands, with intervals'
complete -c floopy -n "__fish_floopy_using_subcommand experiments; and not __fish_seen_subcommand_from list create get results watch rollback complete" -f -a "watch" -d 'Follow one until it ends'
complete -c floopy -n "__fish_floopy_using_subcommand experiments; and not __fish_seen_subcommand_from list create get results watch rollback complete" -f -a "rollback" -d 'Take what is tried out at once'
complete -c floopy -n "__fish_floopy_using_subcommand experiments; and not __fish_seen_subcommand_from list create get results watch rollback complete" -f -a "complete" -d 'End one as it stands'
complete -c floopy -n "__fish_floopy_using_subcommand experiments; and __fish_seen_subcommand_from list" -l status -d 'Only those of this status' -r -f -a "active\t'Sessions are assigned'
completed\t'Ended as it was meant to'
rolled-back\t'Taken out'"
complete -c floopy -n "__fish_floopy_using_subcommand experiments; and __fish_seen_subcommand_from list" -l limit -d 'Items per page, 1 to 500' -r
complete -c floopy -n "__fish_floopy_using_subcommand experiments; and __fish_seen_subcommand_from list" -l cursor -d 'Go on where an earlier list ended' -r
complete -c floopy -n "__fish_floopy_using_subcommand experiments; and __fish_seen_subcommand_from list" -l url -d 'Address of the server' -r
complete -c floopy -n "__fish_floopy_using_subcommand experiments; and __fish_seen_subcommand_from list" -l key -d 'Key to call it with [default: the local admin key in the data folder, on the same host]' -r
complete -c floopy -n "__fish_floopy_using_subcommand experiments; and __fish_seen_subcommand_from list" -l config -d 'Configuration file [default: ./floopy.toml, then $XDG_CONFIG_HOME/floopy/config.toml, then none]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand experiments; and __fish_seen_subcommand_from list" -l data -d 'Data folder [default: store.path of the configuration, ./floopy-data]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand experiments; and __fish_seen_subcommand_from list" -l format -d 'Form of the output' -r -f -a "human\t'Aligned text for people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
csv\t'Comma-separated values with a header line'"
complete -c floopy -n "__fish_floopy_using_subcommand experiments; and __fish_seen_subcommand_from list" -l all -d 'All pages, not only the first'
complete -c floopy -n "__fish_floopy_using_subcommand experiments; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c floopy -n "__fish_floopy_using_subcommand experiments; and __fish_seen_subcommand_from create" -l route -d 'The route whose sessions take part' -r
complete -c floopy -n "__fish_floopy_using_subcommand experiments; and __fish_seen_subcommand_from create" -l candidate -d 'The model to try, as provider/model' -r
complete -c floopy -n "__fish_floopy_using_subcommand experiments; and __fish_seen_subcommand_from create" -l against -d 'The route whose rules to try instead of a model' -r
complete -c floopy -n "__fish_floopy_using_subcommand experiments; and __fish_seen_subcommand_from create" -l traffic -d 'Share of the sessions that get it, in percent [default: 5, or 50 against another route]' -r
complete -c floopy -n "__fish_floopy_using_subcommand experiments; and __fish_seen_subcommand_from create" -l name -d 'Its name [default: what is tried, and where]' -r
complete -c floopy -n "__fish_floopy_using_subcommand experiments; and __fish_seen_subcommand_from create" -l description -d 'What it is for' -r
complete -c floopy -n "__fish_floopy_using_subcommand experiments; and __fish_seen_subcommand_from create" -l url -d 'Address of the server' -r
complete -c floopy -n "__fish_floopy_using_subcommand experiments; and __fish_seen_subcommand_from create" -l key -d 'Key to call it with [default: the local admin key in the data folder, on the same host]' -r
complete -c floopy -n "__fish_floopy_using_subcommand experiments; and __fish_seen_subcommand_from create" -l config -d 'Configuration file [default: ./floopy.toml, then $XDG_CONFIG_HOME/floopy/config.toml, then none]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand experiments; and __fish_seen_subcommand_from create" -l data -d 'Data folder [default: store.path of the configuration, ./floopy-data]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand experiments; and __fish_seen_subcommand_from create" -l format -d 'Form of the output' -r -f -a "human\t'Aligned text for people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
csv\t'Comma-separated values with a header line'"
complete -c floopy -n "__fish_floopy_using_subcommand experiments; and __fish_seen_subcommand_from create" -l shadow -d 'Copy calls to it instead of letting it serve: its answers are judged and thrown away [default share: 10]'
complete -c floopy -n "__fish_floopy_using_subcommand experiments; and __fish_seen_subcommand_from create" -l auto-promote -d 'Raise the share by itself as evidence comes in, and complete it at the last step'
complete -c floopy -n "__fish_floopy_using_subcommand experiments; and __fish_seen_subcommand_from create" -l no-auto-rollback -d 'Keep it running even where it is shown to be worse'
complete -c floopy -n "__fish_floopy_using_subcommand experiments; and __fish_seen_subcommand_from create" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c floopy -n "__fish_floopy_using_subcommand experiments; and __fish_seen_subcommand_from get" -l url -d 'Address of the server' -r
complete -c floopy -n "__fish_floopy_using_subcommand experiments; and __fish_seen_subcommand_from get" -l key -d 'Key to call it with [default: the local admin key in the data folder, on the same host]' -r
complete -c floopy -n "__fish_floopy_using_subcommand experiments; and __fish_seen_subcommand_from get" -l config -d 'Configuration file [default: ./floopy.toml, then $XDG_CONFIG_HOME/floopy/config.toml, then none]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand experiments; and __fish_seen_subcommand_from get" -l data -d 'Data folder [default: store.path of the configuration, ./floopy-data]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand experiments; and __fish_seen_subcommand_from get" -l format -d 'Form of the output' -r -f -a "human\t'Aligned text for people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
csv\t'Comma-separated values with a header line'"
complete -c floopy -n "__fish_floopy_using_subcommand experiments; and __fish_seen_subcommand_from get" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c floopy -n "__fish_floopy_using_subcommand experiments; and __fish_seen_subcommand_from results" -l url -d 'Address of the server' -r
complete -c floopy -n "__fish_floopy_using_subcommand experiments; and __fish_seen_subcommand_from results" -l key -d 'Key to call it with [default: the local admin key in the data folder, on the same host]' -r
complete -c floopy -n "__fish_floopy_using_subcommand experiments; and __fish_seen_subcommand_from results" -l config -d 'Configuration file [default: ./floopy.toml, then $XDG_CONFIG_HOME/floopy/config.toml, then none]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand experiments; and __fish_seen_subcommand_from results" -l data -d 'Data folder [default: store.path of the configuration, ./floopy-data]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand experiments; and __fish_seen_subcommand_from results" -l format -d 'Form of the output' -r -f -a "human\t'Aligned text for people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
csv\t'Comma-separated values with a header line'"
complete -c floopy -n "__fish_floopy_using_subcommand experiments; and __fish_seen_subcommand_from results" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c floopy -n "__fish_floopy_using_subcommand experiments; and __fish_seen_subcommand_from watch" -l url -d 'Address of the server' -r
complete -c floopy -n "__fish_floopy_using_subcommand experiments; and __fish_seen_subcommand_from watch" -l key -d 'Key to call it with [default: the local admin key in the data folder, on the same host]' -r
complete -c floopy -n "__fish_floopy_using_subcommand experiments; and __fish_seen_subcommand_from watch" -l config -d 'Configuration file [default: ./floopy.toml, then $XDG_CONFIG_HOME/floopy/config.toml, then none]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand experiments; and __fish_seen_subcommand_from watch" -l data -d 'Data folder [default: store.path of the configuration, ./floopy-data]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand experiments; and __fish_seen_subcommand_from watch" -l format -d 'Form of the output' -r -f -a "human\t'Aligned text for people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
csv\t'Comma-separated values with a header line'"
complete -c floopy -n "__fish_floopy_using_subcommand experiments; and __fish_seen_subcommand_from watch" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c floopy -n "__fish_floopy_using_subcommand experiments; and __fish_seen_subcommand_from rollback" -l url -d 'Address of the server' -r
complete -c floopy -n "__fish_floopy_using_subcommand experiments; and __fish_seen_subcommand_from rollback" -l key -d 'Key to call it with [default: the local admin key in the data folder, on the same host]' -r
complete -c floopy -n "__fish_floopy_using_subcommand experiments; and __fish_seen_subcommand_from rollback" -l config -d 'Configuration file [default: ./floopy.toml, then $XDG_CONFIG_HOME/floopy/config.toml, then none]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand experiments; and __fish_seen_subcommand_from rollback" -l data -d 'Data folder [default: store.path of the configuration, ./floopy-data]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand experiments; and __fish_seen_subcommand_from rollback" -l format -d 'Form of the output' -r -f -a "human\t'Aligned text for people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
csv\t'Comma-separated values with a header line'"
complete -c floopy -n "__fish_floopy_using_subcommand experiments; and __fish_seen_subcommand_from rollback" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c floopy -n "__fish_floopy_using_subcommand experiments; and __fish_seen_subcommand_from complete" -l url -d 'Address of the server' -r
complete -c floopy -n "__fish_floopy_using_subcommand experiments; and __fish_seen_subcommand_from complete" -l key -d 'Key to call it with [default: the local admin key in the data folder, on the same host]' -r
complete -c floopy -n "__fish_floopy_using_subcommand experiments; and __fish_seen_subcommand_from complete" -l config -d 'Configuration file [default: ./floopy.toml, then $XDG_CONFIG_HOME/floopy/config.toml, then none]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand experiments; and __fish_seen_subcommand_from complete" -l data -d 'Data folder [default: store.path of the configuration, ./floopy-data]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand experiments; and __fish_seen_subcommand_from complete" -l format -d 'Form of the output' -r -f -a "human\t'Aligned text for people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
csv\t'Comma-separated values with a header line'"
complete -c floopy -n "__fish_floopy_using_subcommand experiments; and __fish_seen_subcommand_from complete" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c floopy -n "__fish_floopy_using_subcommand eval; and not __fish_seen_subcommand_from list create show results watch cancel datasets" -l status -d 'Only those of this status' -r -f -a "pending\t'It waits for a place'
running\t'Its rows are being answered'
completed\t'Every row has a result'
failed\t'Every row failed, or it could not go on'
cancelled\t'It was called off'"
complete -c floopy -n "__fish_floopy_using_subcommand eval; and not __fish_seen_subcommand_from list create show results watch cancel datasets" -l limit -d 'Items per page, 1 to 500' -r
complete -c floopy -n "__fish_floopy_using_subcommand eval; and not __fish_seen_subcommand_from list create show results watch cancel datasets" -l cursor -d 'Go on where an earlier list ended' -r
complete -c floopy -n "__fish_floopy_using_subcommand eval; and not __fish_seen_subcommand_from list create show results watch cancel datasets" -l url -d 'Address of the server' -r
complete -c floopy -n "__fish_floopy_using_subcommand eval; and not __fish_seen_subcommand_from list create show results watch cancel datasets" -l key -d 'Key to call it with [default: the local admin key in the data folder, on the same host]' -r
complete -c floopy -n "__fish_floopy_using_subcommand eval; and not __fish_seen_subcommand_from list create show results watch cancel datasets" -l config -d 'Configuration file [default: ./floopy.toml, then $XDG_CONFIG_HOME/floopy/config.toml, then none]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand eval; and not __fish_seen_subcommand_from list create show results watch cancel datasets" -l data -d 'Data folder [default: store.path of the configuration, ./floopy-data]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand eval; and not __fish_seen_subcommand_from list create show results watch cancel datasets" -l format -d 'Form of the output' -r -f -a "human\t'Aligned text for people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
csv\t'Comma-separated values with a header line'"
complete -c floopy -n "__fish_floopy_using_subcommand eval; and not __fish_seen_subcommand_from list create show results watch cancel datasets" -l all -d 'All pages, not only the first'
complete -c floopy -n "__fish_floopy_using_subcommand eval; and not __fish_seen_subcommand_from list create show results watch cancel datasets" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c floopy -n "__fish_floopy_using_subcommand eval; and not __fish_seen_subcommand_from list create show results watch cancel datasets" -f -a "list" -d 'List evaluations, newest first'
complete -c floopy -n "__fish_floopy_using_subcommand eval; and not __fish_seen_subcommand_from list create show results watch cancel datasets" -f -a "create" -d 'Ask a model, or a route, about every row of a dataset'
complete -c floopy -n "__fish_floopy_using_subcommand eval; and not __fish_seen_subcommand_from list create show results watch cancel datasets" -f -a "show" -d 'Show one and how far it is'
complete -c floopy -n "__fish_floopy_using_subcommand eval; and not __fish_seen_subcommand_from list create show results watch cancel datasets" -f -a "results" -d 'List what its rows came to'
complete -c floopy -n "__fish_floopy_using_subcommand eval; and not __fish_seen_subcommand_from list create show results watch cancel datasets" -f -a "watch" -d 'Follow one until it ends'
complete -c floopy -n "__fish_floopy_using_subcommand eval; and not __fish_seen_subcommand_from list create show results watch cancel datasets" -f -a "cancel" -d 'Begin no further row'
complete -c floopy -n "__fish_floopy_using_subcommand eval; and not __fish_seen_subcommand_from list create show results watch cancel datasets" -f -a "datasets" -d 'Add, list and delete datasets'
complete -c floopy -n "__fish_floopy_using_subcommand eval; and __fish_seen_subcommand_from list" -l status -d 'Only those of this status' -r -f -a "pending\t'It waits for a place'
running\t'Its rows are being answered'
completed\t'Every row has a result'
failed\t'Every row failed, or it could not go on'
cancelled\t'It was called off'"
complete -c floopy -n "__fish_floopy_using_subcommand eval; and __fish_seen_subcommand_from list" -l limit -d 'Items per page, 1 to 500' -r
complete -c floopy -n "__fish_floopy_using_subcommand eval; and __fish_seen_subcommand_from list" -l cursor -d 'Go on where an earlier list ended' -r
complete -c floopy -n "__fish_floopy_using_subcommand eval; and __fish_seen_subcommand_from list" -l url -d 'Address of the server' -r
complete -c floopy -n "__fish_floopy_using_subcommand eval; and __fish_seen_subcommand_from list" -l key -d 'Key to call it with [default: the local admin key in the data folder, on the same host]' -r
complete -c floopy -n "__fish_floopy_using_subcommand eval; and __fish_seen_subcommand_from list" -l config -d 'Configuration file [default: ./floopy.toml, then $XDG_CONFIG_HOME/floopy/config.toml, then none]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand eval; and __fish_seen_subcommand_from list" -l data -d 'Data folder [default: store.path of the configuration, ./floopy-data]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand eval; and __fish_seen_subcommand_from list" -l format -d 'Form of the output' -r -f -a "human\t'Aligned text for people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
csv\t'Comma-separated values with a header line'"
complete -c floopy -n "__fish_floopy_using_subcommand eval; and __fish_seen_subcommand_from list" -l all -d 'All pages, not only the first'
complete -c floopy -n "__fish_floopy_using_subcommand eval; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c floopy -n "__fish_floopy_using_subcommand eval; and __fish_seen_subcommand_from create" -l dataset -d 'The dataset' -r
complete -c floopy -n "__fish_floopy_using_subcommand eval; and __fish_seen_subcommand_from create" -l model -d 'Whom to ask: provider/model, or a route' -r
complete -c floopy -n "__fish_floopy_using_subcommand eval; and __fish_seen_subcommand_from create" -l judge -d 'The model that scores the answers, as provider/model [default: by what is expected, else by heuristics]' -r
complete -c floopy -n "__fish_floopy_using_subcommand eval; and __fish_seen_subcommand_from create" -l set -d 'Another member of the config: temperature, max_tokens, system, concurrency, judge_budget_usd, or a note of yours' -r
complete -c floopy -n "__fish_floopy_using_subcommand eval; and __fish_seen_subcommand_from create" -l url -d 'Address of the server' -r
complete -c floopy -n "__fish_floopy_using_subcommand eval; and __fish_seen_subcommand_from create" -l key -d 'Key to call it with [default: the local admin key in the data folder, on the same host]' -r
complete -c floopy -n "__fish_floopy_using_subcommand eval; and __fish_seen_subcommand_from create" -l config -d 'Configuration file [default: ./floopy.toml, then $XDG_CONFIG_HOME/floopy/config.toml, then none]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand eval; and __fish_seen_subcommand_from create" -l data -d 'Data folder [default: store.path of the configuration, ./floopy-data]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand eval; and __fish_seen_subcommand_from create" -l format -d 'Form of the output' -r -f -a "human\t'Aligned text for people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
csv\t'Comma-separated values with a header line'"
complete -c floopy -n "__fish_floopy_using_subcommand eval; and __fish_seen_subcommand_from create" -l wait -d 'Wait for its end and show its progress; a failed run is a failed command'
complete -c floopy -n "__fish_floopy_using_subcommand eval; and __fish_seen_subcommand_from create" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c floopy -n "__fish_floopy_using_subcommand eval; and __fish_seen_subcommand_from show" -l url -d 'Address of the server' -r
complete -c floopy -n "__fish_floopy_using_subcommand eval; and __fish_seen_subcommand_from show" -l key -d 'Key to call it with [default: the local admin key in the data folder, on the same host]' -r
complete -c floopy -n "__fish_floopy_using_subcommand eval; and __fish_seen_subcommand_from show" -l config -d 'Configuration file [default: ./floopy.toml, then $XDG_CONFIG_HOME/floopy/config.toml, then none]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand eval; and __fish_seen_subcommand_from show" -l data -d 'Data folder [default: store.path of the configuration, ./floopy-data]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand eval; and __fish_seen_subcommand_from show" -l format -d 'Form of the output' -r -f -a "human\t'Aligned text for people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
csv\t'Comma-separated values with a header line'"
complete -c floopy -n "__fish_floopy_using_subcommand eval; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c floopy -n "__fish_floopy_using_subcommand eval; and __fish_seen_subcommand_from results" -l limit -d 'Items per page, 1 to 500' -r
complete -c floopy -n "__fish_floopy_using_subcommand eval; and __fish_seen_subcommand_from results" -l cursor -d 'Go on where an earlier list ended' -r
complete -c floopy -n "__fish_floopy_using_subcommand eval; and __fish_seen_subcommand_from results" -l url -d 'Address of the server' -r
complete -c floopy -n "__fish_floopy_using_subcommand eval; and __fish_seen_subcommand_from results" -l key -d 'Key to call it with [default: the local admin key in the data folder, on the same host]' -r
complete -c floopy -n "__fish_floopy_using_subcommand eval; and __fish_seen_subcommand_from results" -l config -d 'Configuration file [default: ./floopy.toml, then $XDG_CONFIG_HOME/floopy/config.toml, then none]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand eval; and __fish_seen_subcommand_from results" -l data -d 'Data folder [default: store.path of the configuration, ./floopy-data]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand eval; and __fish_seen_subcommand_from results" -l format -d 'Form of the output' -r -f -a "human\t'Aligned text for people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
csv\t'Comma-separated values with a header line'"
complete -c floopy -n "__fish_floopy_using_subcommand eval; and __fish_seen_subcommand_from results" -l all -d 'All pages, not only the first'
complete -c floopy -n "__fish_floopy_using_subcommand eval; and __fish_seen_subcommand_from results" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c floopy -n "__fish_floopy_using_subcommand eval; and __fish_seen_subcommand_from watch" -l url -d 'Address of the server' -r
complete -c floopy -n "__fish_floopy_using_subcommand eval; and __fish_seen_subcommand_from watch" -l key -d 'Key to call it with [default: the local admin key in the data folder, on the same host]' -r
complete -c floopy -n "__fish_floopy_using_subcommand eval; and __fish_seen_subcommand_from watch" -l config -d 'Configuration file [default: ./floopy.toml, then $XDG_CONFIG_HOME/floopy/config.toml, then none]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand eval; and __fish_seen_subcommand_from watch" -l data -d 'Data folder [default: store.path of the configuration, ./floopy-data]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand eval; and __fish_seen_subcommand_from watch" -l format -d 'Form of the output' -r -f -a "human\t'Aligned text for people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
csv\t'Comma-separated values with a header line'"
complete -c floopy -n "__fish_floopy_using_subcommand eval; and __fish_seen_subcommand_from watch" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c floopy -n "__fish_floopy_using_subcommand eval; and __fish_seen_subcommand_from cancel" -l url -d 'Address of the server' -r
complete -c floopy -n "__fish_floopy_using_subcommand eval; and __fish_seen_subcommand_from cancel" -l key -d 'Key to call it with [default: the local admin key in the data folder, on the same host]' -r
complete -c floopy -n "__fish_floopy_using_subcommand eval; and __fish_seen_subcommand_from cancel" -l config -d 'Configuration file [default: ./floopy.toml, then $XDG_CONFIG_HOME/floopy/config.toml, then none]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand eval; and __fish_seen_subcommand_from cancel" -l data -d 'Data folder [default: store.path of the configuration, ./floopy-data]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand eval; and __fish_seen_subcommand_from cancel" -l format -d 'Form of the output' -r -f -a "human\t'Aligned text for people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
csv\t'Comma-separated values with a header line'"
complete -c floopy -n "__fish_floopy_using_subcommand eval; and __fish_seen_subcommand_from cancel" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c floopy -n "__fish_floopy_using_subcommand eval; and __fish_seen_subcommand_from datasets" -l limit -d 'Items per page, 1 to 500' -r
complete -c floopy -n "__fish_floopy_using_subcommand eval; and __fish_seen_subcommand_from datasets" -l cursor -d 'Go on where an earlier list ended' -r
complete -c floopy -n "__fish_floopy_using_subcommand eval; and __fish_seen_subcommand_from datasets" -l url -d 'Address of the server' -r
complete -c floopy -n "__fish_floopy_using_subcommand eval; and __fish_seen_subcommand_from datasets" -l key -d 'Key to call it with [default: the local admin key in the data folder, on the same host]' -r
complete -c floopy -n "__fish_floopy_using_subcommand eval; and __fish_seen_subcommand_from datasets" -l config -d 'Configuration file [default: ./floopy.toml, then $XDG_CONFIG_HOME/floopy/config.toml, then none]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand eval; and __fish_seen_subcommand_from datasets" -l data -d 'Data folder [default: store.path of the configuration, ./floopy-data]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand eval; and __fish_seen_subcommand_from datasets" -l format -d 'Form of the output' -r -f -a "human\t'Aligned text for people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
csv\t'Comma-separated values with a header line'"
complete -c floopy -n "__fish_floopy_using_subcommand eval; and __fish_seen_subcommand_from datasets" -l all -d 'All pages, not only the first'
complete -c floopy -n "__fish_floopy_using_subcommand eval; and __fish_seen_subcommand_from datasets" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c floopy -n "__fish_floopy_using_subcommand eval; and __fish_seen_subcommand_from datasets" -f -a "list" -d 'List datasets, newest first'
complete -c floopy -n "__fish_floopy_using_subcommand eval; and __fish_seen_subcommand_from datasets" -f -a "add" -d 'Upload one: a JSON object with id, input or messages, and expected on each line'
complete -c floopy -n "__fish_floopy_using_subcommand eval; and __fish_seen_subcommand_from datasets" -f -a "show" -d 'Show one'
complete -c floopy -n "__fish_floopy_using_subcommand eval; and __fish_seen_subcommand_from datasets" -f -a "delete" -d 'Remove one with its rows; results of evaluations stay'
complete -c floopy -n "__fish_floopy_using_subcommand priors; and not __fish_seen_subcommand_from get on off" -l url -d 'Address of the server' -r
complete -c floopy -n "__fish_floopy_using_subcommand priors; and not __fish_seen_subcommand_from get on off" -l key -d 'Key to call it with [default: the local admin key in the data folder, on the same host]' -r
complete -c floopy -n "__fish_floopy_using_subcommand priors; and not __fish_seen_subcommand_from get on off" -l config -d 'Configuration file [default: ./floopy.toml, then $XDG_CONFIG_HOME/floopy/config.toml, then none]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand priors; and not __fish_seen_subcommand_from get on off" -l data -d 'Data folder [default: store.path of the configuration, ./floopy-data]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand priors; and not __fish_seen_subcommand_from get on off" -l format -d 'Form of the output' -r -f -a "human\t'Aligned text for people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
csv\t'Comma-separated values with a header line'"
complete -c floopy -n "__fish_floopy_using_subcommand priors; and not __fish_seen_subcommand_from get on off" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c floopy -n "__fish_floopy_using_subcommand priors; and not __fish_seen_subcommand_from get on off" -f -a "get" -d 'Show whether the org takes part, and what is published'
complete -c floopy -n "__fish_floopy_using_subcommand priors; and not __fish_seen_subcommand_from get on off" -f -a "on" -d 'Contribute to the pool and use it'
complete -c floopy -n "__fish_floopy_using_subcommand priors; and not __fish_seen_subcommand_from get on off" -f -a "off" -d 'Neither contribute nor use; what was contributed is subtracted'
complete -c floopy -n "__fish_floopy_using_subcommand priors; and __fish_seen_subcommand_from get" -l url -d 'Address of the server' -r
complete -c floopy -n "__fish_floopy_using_subcommand priors; and __fish_seen_subcommand_from get" -l key -d 'Key to call it with [default: the local admin key in the data folder, on the same host]' -r
complete -c floopy -n "__fish_floopy_using_subcommand priors; and __fish_seen_subcommand_from get" -l config -d 'Configuration file [default: ./floopy.toml, then $XDG_CONFIG_HOME/floopy/config.toml, then none]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand priors; and __fish_seen_subcommand_from get" -l data -d 'Data folder [default: store.path of the configuration, ./floopy-data]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand priors; and __fish_seen_subcommand_from get" -l format -d 'Form of the output' -r -f -a "human\t'Aligned text for people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
csv\t'Comma-separated values with a header line'"
complete -c floopy -n "__fish_floopy_using_subcommand priors; and __fish_seen_subcommand_from get" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c floopy -n "__fish_floopy_using_subcommand priors; and __fish_seen_subcommand_from on" -l url -d 'Address of the server' -r
complete -c floopy -n "__fish_floopy_using_subcommand priors; and __fish_seen_subcommand_from on" -l key -d 'Key to call it with [default: the local admin key in the data folder, on the same host]' -r
complete -c floopy -n "__fish_floopy_using_subcommand priors; and __fish_seen_subcommand_from on" -l config -d 'Configuration file [default: ./floopy.toml, then $XDG_CONFIG_HOME/floopy/config.toml, then none]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand priors; and __fish_seen_subcommand_from on" -l data -d 'Data folder [default: store.path of the configuration, ./floopy-data]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand priors; and __fish_seen_subcommand_from on" -l format -d 'Form of the output' -r -f -a "human\t'Aligned text for people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
csv\t'Comma-separated values with a header line'"
complete -c floopy -n "__fish_floopy_using_subcommand priors; and __fish_seen_subcommand_from on" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c floopy -n "__fish_floopy_using_subcommand priors; and __fish_seen_subcommand_from off" -l url -d 'Address of the server' -r
complete -c floopy -n "__fish_floopy_using_subcommand priors; and __fish_seen_subcommand_from off" -l key -d 'Key to call it with [default: the local admin key in the data folder, on the same host]' -r
complete -c floopy -n "__fish_floopy_using_subcommand priors; and __fish_seen_subcommand_from off" -l config -d 'Configuration file [default: ./floopy.toml, then $XDG_CONFIG_HOME/floopy/config.toml, then none]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand priors; and __fish_seen_subcommand_from off" -l data -d 'Data folder [default: store.path of the configuration, ./floopy-data]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand priors; and __fish_seen_subcommand_from off" -l format -d 'Form of the output' -r -f -a "human\t'Aligned text for people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
csv\t'Comma-separated values with a header line'"
complete -c floopy -n "__fish_floopy_using_subcommand priors; and __fish_seen_subcommand_from off" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c floopy -n "__fish_floopy_using_subcommand sessions; and not __fish_seen_subcommand_from list show" -l limit -d 'Items per page, 1 to 500' -r
complete -c floopy -n "__fish_floopy_using_subcommand sessions; and not __fish_seen_subcommand_from list show" -l cursor -d 'Go on where an earlier list ended' -r
complete -c floopy -n "__fish_floopy_using_subcommand sessions; and not __fish_seen_subcommand_from list show" -l url -d 'Address of the server' -r
complete -c floopy -n "__fish_floopy_using_subcommand sessions; and not __fish_seen_subcommand_from list show" -l key -d 'Key to call it with [default: the local admin key in the data folder, on the same host]' -r
complete -c floopy -n "__fish_floopy_using_subcommand sessions; and not __fish_seen_subcommand_from list show" -l config -d 'Configuration file [default: ./floopy.toml, then $XDG_CONFIG_HOME/floopy/config.toml, then none]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand sessions; and not __fish_seen_subcommand_from list show" -l data -d 'Data folder [default: store.path of the configuration, ./floopy-data]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand sessions; and not __fish_seen_subcommand_from list show" -l format -d 'Form of the output' -r -f -a "human\t'Aligned text for people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
csv\t'Comma-separated values with a header line'"
complete -c floopy -n "__fish_floopy_using_subcommand sessions; and not __fish_seen_subcommand_from list show" -l all -d 'All pages, not only the first'
complete -c floopy -n "__fish_floopy_using_subcommand sessions; and not __fish_seen_subcommand_from list show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c floopy -n "__fish_floopy_using_subcommand sessions; and not __fish_seen_subcommand_from list show" -f -a "list" -d 'List sessions with their cost, savings and score'
complete -c floopy -n "__fish_floopy_using_subcommand sessions; and not __fish_seen_subcommand_from list show" -f -a "show" -d 'Show one session: its turns and its conversation'
complete -c floopy -n "__fish_floopy_using_subcommand sessions; and __fish_seen_subcommand_from list" -l limit -d 'Items per page, 1 to 500' -r
complete -c floopy -n "__fish_floopy_using_subcommand sessions; and __fish_seen_subcommand_from list" -l cursor -d 'Go on where an earlier list ended' -r
complete -c floopy -n "__fish_floopy_using_subcommand sessions; and __fish_seen_subcommand_from list" -l url -d 'Address of the server' -r
complete -c floopy -n "__fish_floopy_using_subcommand sessions; and __fish_seen_subcommand_from list" -l key -d 'Key to call it with [default: the local admin key in the data folder, on the same host]' -r
complete -c floopy -n "__fish_floopy_using_subcommand sessions; and __fish_seen_subcommand_from list" -l config -d 'Configuration file [default: ./floopy.toml, then $XDG_CONFIG_HOME/floopy/config.toml, then none]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand sessions; and __fish_seen_subcommand_from list" -l data -d 'Data folder [default: store.path of the configuration, ./floopy-data]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand sessions; and __fish_seen_subcommand_from list" -l format -d 'Form of the output' -r -f -a "human\t'Aligned text for people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
csv\t'Comma-separated values with a header line'"
complete -c floopy -n "__fish_floopy_using_subcommand sessions; and __fish_seen_subcommand_from list" -l all -d 'All pages, not only the first'
complete -c floopy -n "__fish_floopy_using_subcommand sessions; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c floopy -n "__fish_floopy_using_subcommand sessions; and __fish_seen_subcommand_from show" -l url -d 'Address of the server' -r
complete -c floopy -n "__fish_floopy_using_subcommand sessions; and __fish_seen_subcommand_from show" -l key -d 'Key to call it with [default: the local admin key in the data folder, on the same host]' -r
complete -c floopy -n "__fish_floopy_using_subcommand sessions; and __fish_seen_subcommand_from show" -l config -d 'Configuration file [default: ./floopy.toml, then $XDG_CONFIG_HOME/floopy/config.toml, then none]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand sessions; and __fish_seen_subcommand_from show" -l data -d 'Data folder [default: store.path of the configuration, ./floopy-data]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand sessions; and __fish_seen_subcommand_from show" -l format -d 'Form of the output' -r -f -a "human\t'Aligned text for people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
csv\t'Comma-separated values with a header line'"
complete -c floopy -n "__fish_floopy_using_subcommand sessions; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c floopy -n "__fish_floopy_using_subcommand savings" -l from -d 'Only from this time on: RFC 3339, an age such as 2h, 7d, or today, yesterday [default: 90 days before --to]' -r
complete -c floopy -n "__fish_floopy_using_subcommand savings" -l to -d 'Only before this time [default: now]' -r
complete -c floopy -n "__fish_floopy_using_subcommand savings" -l by -d 'What to tell them by' -r -f -a "route\t''
model\t''
key\t''
project\t''
user\t''
session\t''"
complete -c floopy -n "__fish_floopy_using_subcommand savings" -l verify -d 'Verify one route instead: is it cheaper, and no worse?' -r
complete -c floopy -n "__fish_floopy_using_subcommand savings" -l window -d 'Over which time to verify it, such as 24h or 7d' -r
complete -c floopy -n "__fish_floopy_using_subcommand savings" -l url -d 'Address of the server' -r
complete -c floopy -n "__fish_floopy_using_subcommand savings" -l key -d 'Key to call it with [default: the local admin key in the data folder, on the same host]' -r
complete -c floopy -n "__fish_floopy_using_subcommand savings" -l config -d 'Configuration file [default: ./floopy.toml, then $XDG_CONFIG_HOME/floopy/config.toml, then none]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand savings" -l data -d 'Data folder [default: store.path of the configuration, ./floopy-data]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand savings" -l format -d 'Form of the output' -r -f -a "human\t'Aligned text for people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
csv\t'Comma-separated values with a header line'"
complete -c floopy -n "__fish_floopy_using_subcommand savings" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c floopy -n "__fish_floopy_using_subcommand export" -l from -d 'Only from this time on: RFC 3339, an age such as 30m, 2h, 7d, or today, yesterday [default: 90 days before --to]' -r
complete -c floopy -n "__fish_floopy_using_subcommand export" -l to -d 'Only before this time [default: now]' -r
complete -c floopy -n "__fish_floopy_using_subcommand export" -l format -d 'Form of the rows [default: by the file\'s name, else jsonl]' -r -f -a "jsonl\t'One JSON document a line'
csv\t'Comma-separated values with a header line'"
complete -c floopy -n "__fish_floopy_using_subcommand export" -s o -l output -d 'File to write; .gz or .zst at its end compresses it [default: standard output]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand export" -l url -d 'Address of the server' -r
complete -c floopy -n "__fish_floopy_using_subcommand export" -l key -d 'Key to call it with [default: the local admin key in the data folder, on the same host]' -r
complete -c floopy -n "__fish_floopy_using_subcommand export" -l config -d 'Configuration file [default: ./floopy.toml, then $XDG_CONFIG_HOME/floopy/config.toml, then none]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand export" -l data -d 'Data folder [default: store.path of the configuration, ./floopy-data]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand export" -l resume -d 'Go on with an export to this file that was cut; give the same times'
complete -c floopy -n "__fish_floopy_using_subcommand export" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c floopy -n "__fish_floopy_using_subcommand keys; and not __fish_seen_subcommand_from create list revoke" -l url -d 'Address of the server' -r
complete -c floopy -n "__fish_floopy_using_subcommand keys; and not __fish_seen_subcommand_from create list revoke" -l key -d 'Key to call it with [default: the local admin key in the data folder, on the same host]' -r
complete -c floopy -n "__fish_floopy_using_subcommand keys; and not __fish_seen_subcommand_from create list revoke" -l config -d 'Configuration file [default: ./floopy.toml, then $XDG_CONFIG_HOME/floopy/config.toml, then none]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand keys; and not __fish_seen_subcommand_from create list revoke" -l data -d 'Data folder [default: store.path of the configuration, ./floopy-data]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand keys; and not __fish_seen_subcommand_from create list revoke" -l format -d 'Form of the output' -r -f -a "human\t'Aligned text for people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
csv\t'Comma-separated values with a header line'"
complete -c floopy -n "__fish_floopy_using_subcommand keys; and not __fish_seen_subcommand_from create list revoke" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c floopy -n "__fish_floopy_using_subcommand keys; and not __fish_seen_subcommand_from create list revoke" -f -a "create" -d 'Make a key; its secret is shown once'
complete -c floopy -n "__fish_floopy_using_subcommand keys; and not __fish_seen_subcommand_from create list revoke" -f -a "list" -d 'List keys; secrets are not kept and so not shown'
complete -c floopy -n "__fish_floopy_using_subcommand keys; and not __fish_seen_subcommand_from create list revoke" -f -a "revoke" -d 'Revoke a key at once'
complete -c floopy -n "__fish_floopy_using_subcommand keys; and __fish_seen_subcommand_from create" -l permissions -d 'What it may do' -r -f -a "read\t'Read records'
write\t'Call models, give feedback'
admin\t'Administer'"
complete -c floopy -n "__fish_floopy_using_subcommand keys; and __fish_seen_subcommand_from create" -l org -d 'The org it belongs to' -r
complete -c floopy -n "__fish_floopy_using_subcommand keys; and __fish_seen_subcommand_from create" -l route -d 'Tie it to this route' -r
complete -c floopy -n "__fish_floopy_using_subcommand keys; and __fish_seen_subcommand_from create" -l project -d 'Tie it to this project' -r
complete -c floopy -n "__fish_floopy_using_subcommand keys; and __fish_seen_subcommand_from create" -l requests-per-minute -d 'Its limit' -r
complete -c floopy -n "__fish_floopy_using_subcommand keys; and __fish_seen_subcommand_from create" -l monthly-budget-usd -d 'Its budget for a calendar month (UTC) in dollars' -r
complete -c floopy -n "__fish_floopy_using_subcommand keys; and __fish_seen_subcommand_from create" -l url -d 'Address of the server' -r
complete -c floopy -n "__fish_floopy_using_subcommand keys; and __fish_seen_subcommand_from create" -l key -d 'Key to call it with [default: the local admin key in the data folder, on the same host]' -r
complete -c floopy -n "__fish_floopy_using_subcommand keys; and __fish_seen_subcommand_from create" -l config -d 'Configuration file [default: ./floopy.toml, then $XDG_CONFIG_HOME/floopy/config.toml, then none]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand keys; and __fish_seen_subcommand_from create" -l data -d 'Data folder [default: store.path of the configuration, ./floopy-data]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand keys; and __fish_seen_subcommand_from create" -l format -d 'Form of the output' -r -f -a "human\t'Aligned text for people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
csv\t'Comma-separated values with a header line'"
complete -c floopy -n "__fish_floopy_using_subcommand keys; and __fish_seen_subcommand_from create" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c floopy -n "__fish_floopy_using_subcommand keys; and __fish_seen_subcommand_from list" -l url -d 'Address of the server' -r
complete -c floopy -n "__fish_floopy_using_subcommand keys; and __fish_seen_subcommand_from list" -l key -d 'Key to call it with [default: the local admin key in the data folder, on the same host]' -r
complete -c floopy -n "__fish_floopy_using_subcommand keys; and __fish_seen_subcommand_from list" -l config -d 'Configuration file [default: ./floopy.toml, then $XDG_CONFIG_HOME/floopy/config.toml, then none]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand keys; and __fish_seen_subcommand_from list" -l data -d 'Data folder [default: store.path of the configuration, ./floopy-data]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand keys; and __fish_seen_subcommand_from list" -l format -d 'Form of the output' -r -f -a "human\t'Aligned text for people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
csv\t'Comma-separated values with a header line'"
complete -c floopy -n "__fish_floopy_using_subcommand keys; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c floopy -n "__fish_floopy_using_subcommand keys; and __fish_seen_subcommand_from revoke" -l url -d 'Address of the server' -r
complete -c floopy -n "__fish_floopy_using_subcommand keys; and __fish_seen_subcommand_from revoke" -l key -d 'Key to call it with [default: the local admin key in the data folder, on the same host]' -r
complete -c floopy -n "__fish_floopy_using_subcommand keys; and __fish_seen_subcommand_from revoke" -l config -d 'Configuration file [default: ./floopy.toml, then $XDG_CONFIG_HOME/floopy/config.toml, then none]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand keys; and __fish_seen_subcommand_from revoke" -l data -d 'Data folder [default: store.path of the configuration, ./floopy-data]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand keys; and __fish_seen_subcommand_from revoke" -l format -d 'Form of the output' -r -f -a "human\t'Aligned text for people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
csv\t'Comma-separated values with a header line'"
complete -c floopy -n "__fish_floopy_using_subcommand keys; and __fish_seen_subcommand_from revoke" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c floopy -n "__fish_floopy_using_subcommand config; and not __fish_seen_subcommand_from init check show" -s h -l help -d 'Print help'
complete -c floopy -n "__fish_floopy_using_subcommand config; and not __fish_seen_subcommand_from init check show" -f -a "init" -d 'Write a commented configuration file'
complete -c floopy -n "__fish_floopy_using_subcommand config; and not __fish_seen_subcommand_from init check show" -f -a "check" -d 'Check the configuration; every mistake is shown at once (exit code 64)'
complete -c floopy -n "__fish_floopy_using_subcommand config; and not __fish_seen_subcommand_from init check show" -f -a "show" -d 'Show the settings in force'
complete -c floopy -n "__fish_floopy_using_subcommand config; and __fish_seen_subcommand_from init" -l force -d 'Replace a file that exists'
complete -c floopy -n "__fish_floopy_using_subcommand config; and __fish_seen_subcommand_from init" -s h -l help -d 'Print help'
complete -c floopy -n "__fish_floopy_using_subcommand config; and __fish_seen_subcommand_from check" -l config -d 'Configuration file [default: ./floopy.toml, then $XDG_CONFIG_HOME/floopy/config.toml, then none]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand config; and __fish_seen_subcommand_from check" -l data -d 'Data folder [default: store.path of the configuration, ./floopy-data]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand config; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help'
complete -c floopy -n "__fish_floopy_using_subcommand config; and __fish_seen_subcommand_from show" -l config -d 'Configuration file [default: ./floopy.toml, then $XDG_CONFIG_HOME/floopy/config.toml, then none]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand config; and __fish_seen_subcommand_from show" -l data -d 'Data folder [default: store.path of the configuration, ./floopy-data]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand config; and __fish_seen_subcommand_from show" -l origin -d 'Say where each value comes from'
complete -c floopy -n "__fish_floopy_using_subcommand config; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c floopy -n "__fish_floopy_using_subcommand verify" -l store -d 'A store that no server has open: its folder, or the file floopy.redb in it [default: ask the running server]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand verify" -l url -d 'Address of the server' -r
complete -c floopy -n "__fish_floopy_using_subcommand verify" -l key -d 'Key to call it with [default: the local admin key in the data folder, on the same host]' -r
complete -c floopy -n "__fish_floopy_using_subcommand verify" -l config -d 'Configuration file [default: ./floopy.toml, then $XDG_CONFIG_HOME/floopy/config.toml, then none]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand verify" -l data -d 'Data folder [default: store.path of the configuration, ./floopy-data]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand verify" -l format -d 'Form of the output' -r -f -a "human\t'Aligned text for people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
csv\t'Comma-separated values with a header line'"
complete -c floopy -n "__fish_floopy_using_subcommand verify" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c floopy -n "__fish_floopy_using_subcommand replay" -l data -d 'Recorded outcomes, JSON lines, plain, gzip or zstd; a folder stands for all such files in it' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand replay" -l priors -d 'Benchmark scores to start from: {"priors": {RECORDING: {MODEL: 0..1}}}' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand replay" -l scenarios -d 'Arms, baseline, horizon and swap by recording, JSON or TOML' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand replay" -l arms -d 'Models that take part, separated by commas [default: the scenario\'s, else all]' -r
complete -c floopy -n "__fish_floopy_using_subcommand replay" -l baseline -d 'The model that stands for what is used today [default: the recording\'s]' -r
complete -c floopy -n "__fish_floopy_using_subcommand replay" -l horizon -d 'Units to serve [default: 3000 requests, 2000 sessions]' -r
complete -c floopy -n "__fish_floopy_using_subcommand replay" -l swap -d 'Half-way, calls of FROM silently go to TO' -r
complete -c floopy -n "__fish_floopy_using_subcommand replay" -l floor -d 'The share of the baseline\'s quality to hold' -r
complete -c floopy -n "__fish_floopy_using_subcommand replay" -l features -d 'What stands for the words of a request' -r -f -a "embedded\t'The text\'s embedding, as `floopy serve` takes them'
hashed\t'Hashed words and pairs of words'"
complete -c floopy -n "__fish_floopy_using_subcommand replay" -l policy -d 'Policies to compare; may be repeated [default: floopy and the usual ones]' -r
complete -c floopy -n "__fish_floopy_using_subcommand replay" -l seeds -d 'Runs of each policy, each with its own order of items' -r
complete -c floopy -n "__fish_floopy_using_subcommand replay" -l first-seed -d 'Number of the first seed' -r
complete -c floopy -n "__fish_floopy_using_subcommand replay" -l feedback -d 'What the policies hear [default: full for requests, nps for sessions]' -r -f -a "full\t'The outcome itself, at once'
nps\t'Late, noisy ratings of 0 to 10 from some of the units'
judge\t'A judge\'s score of a quarter of the units'
fused\t'Ratings and a judge'"
complete -c floopy -n "__fish_floopy_using_subcommand replay" -l response-rate -d 'Share of the units that are rated, 0 to 1 [default: 1 for full feedback, about 0.3 for nps and fused]' -r
complete -c floopy -n "__fish_floopy_using_subcommand replay" -l drift -d 'What changes half-way [default: alias where a swap is named, else nothing]' -r -f -a "degrade\t'The model most in use silently becomes as bad as the worst'
cheaper\t'The best model\'s price falls to a twentieth'
alias\t'The models of --swap are exchanged; a swap alone says the same'"
complete -c floopy -n "__fish_floopy_using_subcommand replay" -l mixed -d 'Instead: compare rules of credit on sessions that several models made together; how these end' -r -f -a "share\t'With success by each model\'s share of the progress'
weakest\t'With success only if every model with a notable share would have succeeded'"
complete -c floopy -n "__fish_floopy_using_subcommand replay" -l switches -d 'With --mixed: share of sessions that must change their model on the way' -r
complete -c floopy -n "__fish_floopy_using_subcommand replay" -l canary -d 'Instead: run these models as canaries, `all` for each but the baseline' -r
complete -c floopy -n "__fish_floopy_using_subcommand replay" -l null -d 'Instead: run canaries that stand exactly at the floor, so that every verdict is a false one' -r
complete -c floopy -n "__fish_floopy_using_subcommand replay" -l judge-log -d 'Instead: judge other policies by a log of decisions (JSON lines with `trace` and `quality`)' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand replay" -l write-log -d 'Also write the decisions of `floopy` in the first run as such a log' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand replay" -l param -d 'Sets a parameter of the router, such as z=1.6; may be repeated' -r
complete -c floopy -n "__fish_floopy_using_subcommand replay" -l format -d 'Form of the output' -r -f -a "human\t'Aligned text for people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
csv\t'Comma-separated values with a header line'"
complete -c floopy -n "__fish_floopy_using_subcommand replay" -l progress -d 'Tell on stderr how far it is'
complete -c floopy -n "__fish_floopy_using_subcommand replay" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c floopy -n "__fish_floopy_using_subcommand doctor" -l url -d 'Address of the server' -r
complete -c floopy -n "__fish_floopy_using_subcommand doctor" -l key -d 'Key to call it with [default: the local admin key in the data folder, on the same host]' -r
complete -c floopy -n "__fish_floopy_using_subcommand doctor" -l config -d 'Configuration file [default: ./floopy.toml, then $XDG_CONFIG_HOME/floopy/config.toml, then none]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand doctor" -l data -d 'Data folder [default: store.path of the configuration, ./floopy-data]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand doctor" -l format -d 'Form of the output' -r -f -a "human\t'Aligned text for people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
csv\t'Comma-separated values with a header line'"
complete -c floopy -n "__fish_floopy_using_subcommand doctor" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c floopy -n "__fish_floopy_using_subcommand demo" -l sessions -d 'Sessions to play; it ends after 50 s even if some are left' -r
complete -c floopy -n "__fish_floopy_using_subcommand demo" -l seed -d 'Which sessions: the same number plays the same ones' -r
complete -c floopy -n "__fish_floopy_using_subcommand demo" -l data -d 'Data folder [default: a temporary one that is removed afterwards]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand demo" -l format -d 'Form of the output' -r -f -a "human\t'Aligned text for people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
csv\t'Comma-separated values with a header line'"
complete -c floopy -n "__fish_floopy_using_subcommand demo" -l keep -d 'Leave the server running afterwards, until it is stopped with Ctrl-C'
complete -c floopy -n "__fish_floopy_using_subcommand demo" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c floopy -n "__fish_floopy_using_subcommand healthz" -l url -d 'Address of the server' -r
complete -c floopy -n "__fish_floopy_using_subcommand healthz" -l key -d 'Key to call it with [default: the local admin key in the data folder, on the same host]' -r
complete -c floopy -n "__fish_floopy_using_subcommand healthz" -l config -d 'Configuration file [default: ./floopy.toml, then $XDG_CONFIG_HOME/floopy/config.toml, then none]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand healthz" -l data -d 'Data folder [default: store.path of the configuration, ./floopy-data]' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand healthz" -l ready -d 'Ask whether it takes requests (/readyz), not only whether it is alive (/healthz)'
complete -c floopy -n "__fish_floopy_using_subcommand healthz" -s h -l help -d 'Print help'
complete -c floopy -n "__fish_floopy_using_subcommand completions" -s h -l help -d 'Print help'
complete -c floopy -n "__fish_floopy_using_subcommand man" -l out -d 'Write every page into this folder instead' -r -F
complete -c floopy -n "__fish_floopy_using_subcommand man" -s h -l help -d 'Print help'
