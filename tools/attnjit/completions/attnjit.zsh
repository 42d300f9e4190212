#compdef attnjit
# attnjit: completion for zsh. To use it: attnjit completion zsh > "${fpath[1]}/_attnjit"
_attnjit() {
  if ((CURRENT == 2)); then
    compadd -- %COMMANDS% --help --version
    return
  fi
  if [[ ${words[CURRENT]} == -* ]]; then
    compadd -- $(${words[1]} ${words[2]} --help 2>/dev/null | grep -oE -- '--[a-z][a-z-]*')
    return
  fi
  if [[ ${words[CURRENT-1]} == --arch ]]; then
    compadd -- %ARCHS%
    return
  fi
  if [[ ${words[CURRENT-1]} == --device && ${words[2]} == check ]]; then
    compadd -- auto cuda emulator
    return
  fi
  if [[ ${words[CURRENT-1]} == --async ]]; then
    compadd -- eager late seed=1
    return
  fi
  case ${words[2]} in
    cache) compadd -- path ls stats verify prune clear export import keygen ;;
    completion) compadd -- bash zsh fish ;;
    *)
      compadd -- %WORKLOADS%
      _files
      ;;
  esac
}
if [[ $funcstack[1] == _attnjit ]]; then
  _attnjit "$@"
else
  compdef _attnjit attnjit
fi
