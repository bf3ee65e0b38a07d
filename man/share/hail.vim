" hail.vim: syntax of hail-script(5). A file *.hail is one:
"     autocmd BufRead,BufNewFile *.hail setfiletype hail
if exists('b:current_syntax')
	finish
endif

syntax match hailComment /\(^\|\s\)#.*$/
syntax match hailParty /^\s*\h[[:alnum:]_-]*\ze\s\+\(<!\?\|>\|ping\|close\|drop\|reconnect\|resume\|pause\|continue\|clear\|expect-no-more\|barrier\)\(\s\|$\)/
syntax match hailVerb /\(\s\)\@<=\(<!\?\|>\|ping\|close\|drop\|reconnect\|resume\|pause\|continue\|clear\|expect-no-more\|barrier\)\ze\(\s\|$\)/
syntax match hailVerb /^\s*\(open\|http\|set\|wait\|exec\|repeat\|parallel\|do\|timeout\|include\)\ze\(\s\|$\)/
syntax match hailMatcher /\(\s\)\@<=\(any\|text\|contains\|regex\|json\|exactly\|json-path\|hex\|event\|id\|status\|header\|none\|failed\|body\)\ze\(\s\|$\)/
syntax match hailClause /\(\s\)\@<=\(within\|as\|save\|for\)\ze\(\s\|$\)/
syntax match hailTime /\<\d\+\(\.\d\+\)\?\(us\|ms\|s\|m\|h\)\>/
syntax match hailHole /\*\(string\|number\|boolean\|object\|array\|null\|uuid\|time\|none\)\?\>/
syntax match hailVariable /{\h[[:alnum:]_-]*\([.:][^{}]*\)\?}/ containedin=hailString,hailHeredoc
syntax region hailString start=/"/ skip=/\\./ end=/"/ contains=hailVariable
syntax region hailString start=/'/ end=/'/ oneline
syntax region hailRegex start=/\(\s\|:\)\@<=\// skip=/\\./ end=/\/[ism]*/ oneline
syntax region hailHeredoc matchgroup=hailVerb start=/<<'\?\z(\w\+\)'\?$/ end=/^\s*\z1$/ contains=hailVariable

highlight default link hailComment Comment
highlight default link hailParty Identifier
highlight default link hailVerb Statement
highlight default link hailMatcher Function
highlight default link hailClause Keyword
highlight default link hailTime Number
highlight default link hailHole Special
highlight default link hailVariable PreProc
highlight default link hailString String
highlight default link hailRegex String
highlight default link hailHeredoc String

let b:current_syntax = 'hail'
