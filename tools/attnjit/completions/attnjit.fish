# attnjit: completion for fish. To use it: attnjit completion fish | source
function __attnjit_options
  set -l words (commandline -opc)
  test (count $words) -ge 2; or return
  $words[1] $words[2] --help 2>/dev/null | string match -ar -- '--[a-z][a-z-]*'
end
complete -c attnjit -n __fish_use_subcommand -f -a '%COMMANDS%'
complete -c attnjit -n __fish_use_subcommand -l help -l version
complete -c attnjit -n 'string match -q -- "-*" (commandline -ct)' -f -a '(__attnjit_options)'
complete -c attnjit -n '__fish_seen_subcommand_from cache' -f -a 'path ls stats verify prune clear export import keygen'
complete -c attnjit -n '__fish_seen_subcommand_from completion' -f -a 'bash zsh fish'
complete -c attnjit -n '__fish_seen_subcommand_from check' -l device -x -a 'auto cuda emulator'
complete -c attnjit -n '__fish_seen_subcommand_from check' -l async -x -a 'eager late seed=1'
set -l with_spec emit explain build check bench tune
complete -c attnjit -n "__fish_seen_subcommand_from $with_spec" -l arch -x -a '%ARCHS%'
complete -c attnjit -n "__fish_seen_subcommand_from $with_spec" -a '%WORKLOADS%'
