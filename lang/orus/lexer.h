// Lexer: source bytes to tokens, layout included.
//
// Layout. Every line with tokens ends in kNewline; a deeper line is preceded by kIndent, a shallower one by a kDedent
// for each block it leaves. Inside brackets layout is off, except in the body of a function or match expression that
// starts there: "fn" or "match", then ':' at the end of a line, turns it on until the body's indentation is left.
// The token list always ends in kNewline (unless empty), the open kDedents, kEnd.
#pragma once

#include <string_view>
#include <vector>

#include "lang/orus/reporter.h"
#include "lang/orus/token.h"

namespace orus::lang {

/// Any bytes are accepted; what is wrong with them is reported once and leaves a kBad token where parsing cannot go on.
std::vector<Token> lex(std::string_view source, Reporter& reporter);

}  // namespace orus::lang
