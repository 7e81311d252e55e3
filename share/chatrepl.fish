function __chatrepl_offers
    set -l program (string replace -r '^~' $HOME -- (commandline -opc)[1])
    set -l option (string match -r -- '^--[^=]+=' (commandline -ct))
    set -l word (string replace -- "$option" "" (commandline -ct))
    set -l offers (env _CHATREPL_COMPLETE=complete_tab _CHATREPL_LINE=(commandline -cp | string collect) $program 2>/dev/null)
    set -l file (string match -r -- '^[^@]*@$' (string split -f 1 \t -- $offers[1]))
    if test -n "$file"; and string match -q -- "$file*" $word
        set option "$option$file"
        set offers
        set word (string replace -- "$file" "" $word)
    end
    test -n "$offers"; or set offers (__fish_complete_path $word)
    for offer in $offers
        echo -- "$option$offer"
    end
end
complete --command chatrepl --no-files --keep-order --arguments '(__chatrepl_offers)'
