#include "lang/orus/compile.h"

#include "lang/orus/checker.h"
#include "lang/orus/emitter.h"
#include "lang/orus/lexer.h"
#include "lang/orus/parser.h"

namespace orus::lang {

CompileResult compile_orus(std::string_view source, std::string_view file_name, const CompileOptions& options) {
  Reporter reporter(file_name);
  CompileResult result;
  if (source.size() > UINT32_MAX / 4) {
    reporter.error(ErrorClass::kLimit, Pos{.line = 1, .column = 1}, "The source file is too large");
  } else {
    Program program{.source = source};
    std::vector<Token> tokens = lex(source, reporter);
    Parser(program, tokens, reporter).parse_module();
    Checker(program, reporter).check_module();
    if (!reporter.has_errors()) result.module = ModuleEmitter(program, file_name, reporter).emit();
  }
  result.diagnostics = reporter.take(options.max_diagnostics);
  return result;
}

}  // namespace orus::lang
