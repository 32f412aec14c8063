# Writes a page of HTML as a C array, with the hashes by which a Content-Security-Policy knows its inline script and
# style. cmake -DPAGE=page.html -DSOURCE=page.c -P embed_page.cmake

# The text between <tag> and </tag>, hashed as a policy writes it: sha256- and base64.
function(hash_of tag page result)
  string(FIND "${page}" "<${tag}>" begin)
  string(FIND "${page}" "</${tag}>" end)
  string(LENGTH "<${tag}>" skip)
  math(EXPR begin "${begin} + ${skip}")
  math(EXPR length "${end} - ${begin}")
  string(SUBSTRING "${page}" ${begin} ${length} inside)
  string(SHA256 hex "${inside}")
  set(alphabet ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/)
  set(base64 "")
  # 32 bytes are ten groups of three and one of two, which a zero byte fills up and = stands for.
  foreach(at RANGE 0 60 6)
    string(SUBSTRING "${hex}00" ${at} 6 group)
    foreach(shift IN ITEMS 18 12 6 0)
      math(EXPR digit "(0x${group} >> ${shift}) & 63")
      string(SUBSTRING ${alphabet} ${digit} 1 digit)
      string(APPEND base64 ${digit})
    endforeach()
  endforeach()
  string(REGEX REPLACE ".$" "=" base64 "${base64}")
  set(${result} "sha256-${base64}" PARENT_SCOPE)
endfunction()

file(READ "${PAGE}" page)
file(READ "${PAGE}" bytes HEX)
hash_of(script "${page}" script)
hash_of(style "${page}" style)
string(REGEX REPLACE "(..)" "0x\\1," bytes "${bytes}")
string(CONCAT text
  "/* Written by cmake/embed_page.cmake from page.html. */\n"
  "#include \"watch/serve_page.h\"\n\n"
  "const unsigned char brim_serve_page[] = {${bytes}};\n"
  "const size_t brim_serve_page_bytes = sizeof brim_serve_page;\n"
  "const char brim_serve_page_script[] = \"${script}\";\n"
  "const char brim_serve_page_style[] = \"${style}\";\n")
file(WRITE "${SOURCE}" "${text}")
