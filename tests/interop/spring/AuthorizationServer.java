import java.time.Duration;
import java.util.List;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.core.env.Environment;
import org.springframework.security.core.userdetails.User;
import org.springframework.security.core.userdetails.UserDetailsService;
import org.springframework.security.oauth2.core.AuthorizationGrantType;
import org.springframework.security.oauth2.core.ClientAuthenticationMethod;
import org.springframework.security.oauth2.server.authorization.client.InMemoryRegisteredClientRepository;
import org.springframework.security.oauth2.server.authorization.client.RegisteredClient;
import org.springframework.security.oauth2.server.authorization.client.RegisteredClientRepository;
import org.springframework.security.oauth2.server.authorization.settings.AuthorizationServerSettings;
import org.springframework.security.oauth2.server.authorization.settings.ClientSettings;
import org.springframework.security.oauth2.server.authorization.settings.OAuth2TokenFormat;
import org.springframework.security.oauth2.server.authorization.settings.TokenSettings;
import org.springframework.security.oauth2.server.authorization.token.OAuth2TokenClaimsContext;
import org.springframework.security.oauth2.server.authorization.token.OAuth2TokenCustomizer;
import org.springframework.security.provisioning.InMemoryUserDetailsManager;

/**
 * Spring Authorization Server as Boot configures it, with opaque access tokens, for the
 * interoperability tests. Run with --server.port; the issuer is http://127.0.0.1:PORT.
 */
@SpringBootConfiguration
@EnableAutoConfiguration
public class AuthorizationServer {
    static final String RESOURCE = "https://mcp.example.com/mcp";
    static final String SCOPE = "oscal:read";

    public static void main(String[] arguments) {
        SpringApplication.run(AuthorizationServer.class, arguments);
    }

    @Bean
    AuthorizationServerSettings settings(Environment environment) {
        String issuer = "http://127.0.0.1:" + environment.getRequiredProperty("server.port");
        return AuthorizationServerSettings.builder().issuer(issuer).build();
    }

    @Bean
    RegisteredClientRepository clients() {
        return new InMemoryRegisteredClientRepository(
            // The MCP server, with a secret full of characters that Basic must encode.
            client("mcp", "hush:+/%& é", 600).authorizationGrantType(AuthorizationGrantType.CLIENT_CREDENTIALS).build(),
            machine("machine", 600),
            machine("machine-short", 3),
            // Its tokens keep the audience that Spring gives: the client's own id.
            machine("machine-plain", 600),
            client("desktop", "desktop-secret", 600)
                .authorizationGrantType(AuthorizationGrantType.AUTHORIZATION_CODE)
                .authorizationGrantType(AuthorizationGrantType.REFRESH_TOKEN)
                .redirectUri("http://127.0.0.1:9/callback")
                .scope("openid").scope(SCOPE)
                .build());
    }

    private static RegisteredClient machine(String id, long seconds) {
        return client(id, id + "-secret", seconds)
            .authorizationGrantType(AuthorizationGrantType.CLIENT_CREDENTIALS).scope(SCOPE).build();
    }

    private static RegisteredClient.Builder client(String id, String secret, long seconds) {
        return RegisteredClient.withId(id).clientId(id).clientSecret("{noop}" + secret)
            .clientAuthenticationMethod(ClientAuthenticationMethod.CLIENT_SECRET_BASIC)
            .clientAuthenticationMethod(ClientAuthenticationMethod.CLIENT_SECRET_POST)
            .clientSettings(ClientSettings.builder().requireProofKey(false).build())
            .tokenSettings(TokenSettings.builder()
                .accessTokenFormat(OAuth2TokenFormat.REFERENCE)
                .accessTokenTimeToLive(Duration.ofSeconds(seconds)).build());
    }

    /** Puts the resource into aud. Spring itself puts the client's id there. */
    @Bean
    OAuth2TokenCustomizer<OAuth2TokenClaimsContext> audience() {
        return context -> {
            if (!context.getRegisteredClient().getClientId().equals("machine-plain")) {
                context.getClaims().audience(List.of(RESOURCE));
            }
        };
    }

    @Bean
    UserDetailsService users() {
        return new InMemoryUserDetailsManager(
            User.withUsername("alice").password("{noop}wonderland").roles("USER").build());
    }
}
