# attnjit: completion for bash. To use it: source <(attnjit completion bash)
_attnjit() {
  local word=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]}
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W '%COMMANDS% --help --version' -- "$word"))
    return
  fi
  if [[ $word == -* ]]; then
    local options
    options=$("${COMP_WORDS[0]}" "$command" --help 2>/dev/null | grep -oE -- '--[a-z][a-z-]*')
    COMPREPLY=($(compgen -W "$options" -- "$word"))
    return
  fi
  if [[ ${COMP_WORDS[COMP_CWORD - 1]} == --arch ]]; then
    COMPREPLY=($(compgen -W '%ARCHS%' -- "$word"))
    return
  fi
  if [[ ${COMP_WORDS[COMP_CWORD - 1]} == --device && $command == check ]]; then
    COMPREPLY=($(compgen -W 'auto cuda emulator' -- "$word"))
    return
  fi
  if [[ ${COMP_WORDS[COMP_CWORD - 1]} == --async ]]; then
    COMPREPLY=($(compgen -W 'eager late seed=1' -- "$word"))
    return
  fi
  case $command in
    cache) COMPREPLY=($(compgen -W 'path ls stats verify prune clear export import keygen' -- "$word")) ;;
    completion) COMPREPLY=($(compgen -W 'bash zsh fish' -- "$word")) ;;
    *) COMPREPLY=($(compgen -f -- "$word")) ;;
  esac
}
complete -o filenames -F _attnjit attnjit
