# SPDX-License-Identifier: GPL-3.0-or-later
# bash completion for kindlingctl

# The IDs of the boot images, in the catalog that the command line names.
_kindlingctl_ids()
{
  local i catalog=()
  for ((i = 1; i < ${#COMP_WORDS[@]} - 1; i++)); do
    [[ ${COMP_WORDS[i]} == --catalog ]] && catalog=(--catalog "${COMP_WORDS[i + 1]}")
  done
  kindlingctl "${catalog[@]}" --quiet image list 2>/dev/null | while read -r id _; do echo "$id"; done
}

_kindlingctl()
{
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
  local words=() i
  COMPREPLY=()

  # The words so far without options and without the values of options.
  for ((i = 1; i < COMP_CWORD; i++)); do
    case ${COMP_WORDS[i]} in
      --catalog | --site | --index | --id | --name | --boot-files | --label | --boot-manager | --disk-image | --password-fd | --password-file \
        | --certificate | --certificate-password-fd | --connection-options-fd | --valid-from | --valid-until \
        | --export-certificate | --variable) ((i++)) ;;
      --architecture | --build | --hardware-id | --expect-serial | --file-system | --from) ((i++)) ;;
      -*) ;;
      *) words+=("${COMP_WORDS[i]}") ;;
    esac
  done

  case $prev in
    --catalog) mapfile -t COMPREPLY < <(compgen -d -- "$cur"); compopt -o filenames; return ;;
    --boot-files | --from | --site | --password-file | --certificate | --export-certificate) mapfile -t COMPREPLY < <(compgen -f -- "$cur"); compopt -o filenames; return ;;
    --boot-manager) mapfile -t COMPREPLY < <(compgen -W '2011 2023' -- "$cur"); return ;;
    --architecture) mapfile -t COMPREPLY < <(compgen -W 'x86 x64 arm arm64 ia64' -- "$cur"); return ;;
    --file-system) mapfile -t COMPREPLY < <(compgen -W 'fat32 exfat' -- "$cur"); return ;;
    --index | --id | --name | --label | --disk-image | --password-fd | --certificate-password-fd \
      | --connection-options-fd | --valid-from | --valid-until | --variable | --build | --hardware-id | --expect-serial) return ;;
  esac

  local command="${words[0]:-}" options='--catalog --site --json --quiet --help' choices='' files=
  [[ $command == image || $command == drive || $command == driver || $command == site ]] && command="$command ${words[1]:-}"
  case $command in
    '') choices='image create check inspect drive driver site'; options+=' --version' ;;
    'driver ') choices=inspect ;;
    'driver inspect') files=yes; options+=' --architecture --build --hardware-id' ;;
    'site ') choices='show check import' ;;
    'site import') files=yes ;;
    'drive ') choices='list watch restore' ;;
    'drive list' | 'drive watch') options+=' --all' ;;
    'drive restore') files=yes; options+=' --file-system --label --expect-serial --yes --allow-fixed --dry-run' ;;
    'image ') choices='list show history import remove export export-default properties set prepare preview status forget-status add-driver remove-driver' ;;
    'image import') files=yes; options+=' --index --id --name --boot-files --reexport --sample' ;;
    'image export-default') files=yes; options+=' --index --from'; [[ ${#words[@]} == 2 ]] && choices='x86 x64 arm64 ia64' ;;
    'image properties') files=yes; choices=$(_kindlingctl_ids) ;;
    'image show') options+=' --verify'; [[ ${#words[@]} == 2 ]] && choices=$(_kindlingctl_ids) ;;
    'image history' | 'image remove' | 'image status' | 'image prepare' | 'image preview' | 'image remove-driver') [[ ${#words[@]} == 2 ]] && choices=$(_kindlingctl_ids) ;;
    'image export' | 'image add-driver') if [[ ${#words[@]} == 2 ]]; then choices=$(_kindlingctl_ids); else files=yes; fi ;;
    'image set')
      if [[ ${#words[@]} == 2 ]]; then
        choices=$(_kindlingctl_ids)
      else
        choices='name= description= version= boot-manager= binaries= extra-files= prestart-files= background=
          start-command= prestart-command= organization-name= lab-shell= scratch-space= time-zone= input-locale=
          user-locale= compression= skip-faulty-drivers='
        compopt -o nospace
      fi ;;
    create)
      options+=' --label --boot-manager --disk-image --gpt --no-verify --dry-run --expect-serial --yes --allow-fixed --power-off --password --password-fd --password-file --certificate'
      options+=' --certificate-password-fd --connection-options-fd --valid-from --valid-until --export-certificate --variable --aes-256 --ignore-validity --unattended --bios-start'
      case ${#words[@]} in
        1) choices='CD UFD UFD+FORMAT' ;;
        2) files=yes ;;
        3) choices=$(_kindlingctl_ids) ;;
      esac
      # Further drives, or the image.
      [[ ${words[1]:-} == UFD* && ${#words[@]} -ge 3 ]] && choices="$(_kindlingctl_ids) $(compgen -f -- "$cur")" ;;
    inspect) options+=' --password --password-fd --password-file --values --export-certificate'
      [[ ${#words[@]} == 1 ]] && files=yes ;;
    check) [[ ${#words[@]} == 1 ]] && files=yes ;;
  esac

  if [[ $cur == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$options" -- "$cur")
  elif [[ -n $files ]]; then
    mapfile -t COMPREPLY < <(compgen -f -- "$cur")
    compopt -o filenames
  else
    mapfile -t COMPREPLY < <(compgen -W "$choices" -- "$cur")
  fi
}

complete -F _kindlingctl kindlingctl
