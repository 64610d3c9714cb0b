package peer;

import jakarta.servlet.DispatcherType;
import java.util.List;
import org.springframework.ai.mcp.annotation.McpTool;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.cache.annotation.Cacheable;
import org.springframework.cache.annotation.EnableCaching;
import org.springframework.context.annotation.Bean;
import org.springframework.security.config.Customizer;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.config.http.SessionCreationPolicy;
import org.springframework.security.oauth2.core.OAuth2AuthenticatedPrincipal;
import org.springframework.security.oauth2.server.resource.introspection.BadOpaqueTokenException;
import org.springframework.security.oauth2.server.resource.introspection.OpaqueTokenIntrospector;
import org.springframework.security.oauth2.server.resource.introspection.SpringOpaqueTokenIntrospector;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.stereotype.Component;

/**
 * An MCP server on Spring AI, with Spring Security's opaque tokens. Spring Security has no cache for
 * them; Spring's own, on Caffeine, keeps each for 30 seconds.
 */
@SpringBootApplication
@EnableCaching
public class Peer {
  public static void main(String[] arguments) {
    SpringApplication.run(Peer.class, arguments);
  }

  @Bean
  SecurityFilterChain security(HttpSecurity http) throws Exception {
    return http.csrf(csrf -> csrf.disable())
        .sessionManagement(it -> it.sessionCreationPolicy(SessionCreationPolicy.STATELESS))
        // Without the first line, a failed introspection is 401 instead of 500.
        .authorizeHttpRequests(it -> it.dispatcherTypeMatchers(DispatcherType.ERROR).permitAll()
            .anyRequest().hasAuthority("SCOPE_mcp:tools"))
        .oauth2ResourceServer(it -> it.opaqueToken(Customizer.withDefaults()))
        .build();
  }

  @Component
  static class Tools {
    @McpTool(name = "echo", description = "Repeats the text")
    public String echo(String text) {
      return text;
    }
  }

  @Component
  static class CachingIntrospector implements OpaqueTokenIntrospector {
    private final String resource = System.getenv("RESOURCE");
    private final OpaqueTokenIntrospector introspector =
        SpringOpaqueTokenIntrospector.withIntrospectionUri(System.getenv("ISSUER") + "/introspect")
            .clientId("mcp")
            .clientSecret("secret")
            .build();

    /** {@code sync}: requests with the same token wait for one introspection. */
    @Override
    @Cacheable(cacheNames = "tokens", sync = true)
    public OAuth2AuthenticatedPrincipal introspect(String token) {
      OAuth2AuthenticatedPrincipal principal = introspector.introspect(token);
      List<String> audience = principal.getAttribute("aud");
      if (audience == null || !audience.contains(resource)) {
        throw new BadOpaqueTokenException("issued for another server");
      }
      return principal;
    }
  }
}
